#!/usr/bin/env python3
"""`bf-engine run --source archive` from zips on loopback into a durable store.

  bench/archive.py BUILD_DIR [--rounds 5] [--series 32] [--dir FOLDER]

nginx serves six monthly zips of each series, with their checksums, in the archive's own layout: real candles
(support/pages.py), compressed as the exchange's are. Each is hashed, inflated, parsed and stored. Prints
medians with [min-max]: million candles/s, and of a core's second of bf-engine. Every run is checked: all
candles held, none missing; the last one digit by digit.
"""
import argparse
import hashlib
import io
import os
import pathlib
import shutil
import tempfile
import zipfile

from support import engine, pages, rows, servers

MONTHS = {"2023-01": 31, "2023-02": 28, "2023-03": 31, "2023-04": 30, "2023-05": 31, "2023-06": 30}
DAY_ROWS = 1_440
SERIES = 32


def month_zip(series, name, first, count):
    csv = "".join(",".join(series.row(i)) + "\n" for i in range(first, first + count))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        archive.writestr(f"{name}.csv", csv)
    return packed.getvalue()


def write_archive(root, series, count):
    """The same rows for every symbol, so that the zips are one file with many names."""
    root.mkdir(parents=True)
    first = 0
    for month, days in MONTHS.items():
        packed = month_zip(series, f"{pages.symbols(1)[0]}-1m-{month}", first, days * DAY_ROWS)
        first += days * DAY_ROWS
        digest = hashlib.sha256(packed).hexdigest()
        one = root / f"{month}.zip"
        one.write_bytes(packed)
        for symbol in pages.symbols(count):
            folder = root / f"data/spot/monthly/klines/{symbol}/1m"
            folder.mkdir(parents=True, exist_ok=True)
            name = f"{symbol}-1m-{month}.zip"
            os.link(one, folder / name)
            (folder / f"{name}.CHECKSUM").write_text(f"{digest}  {name}\n")


def listing(count):
    """The archive's list of symbols."""
    folder = "data/spot/monthly/klines/"
    prefixes = (f"<Prefix>{folder}{symbol}/</Prefix>" for symbol in pages.symbols(count))
    entries = "".join(f"<CommonPrefixes>{prefix}</CommonPrefixes>" for prefix in prefixes)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult><Name>data.binance.vision</Name>'
        f"<Prefix>{folder}</Prefix><Marker></Marker><MaxKeys>1000</MaxKeys><Delimiter>/</Delimiter>"
        f"<IsTruncated>false</IsTruncated>{entries}</ListBucketResult>"
    )


def measure(work, options):
    series = pages.Series(sum(MONTHS.values()) * DAY_ROWS)
    bf = engine.Engine(work, options.build, series, options.series)
    write_archive(work / "pages/archive", series, options.series)
    series.write_first(work / "pages/1000")
    (work / "pages/spot-exchangeInfo.json").write_text(pages.exchange_info(options.series))
    (work / "pages/listing.xml").write_text(listing(options.series))
    listener = servers.Listener()
    nginx = servers.Nginx(work, [listener])
    try:
        archive = ["--archive-url", f"binance={listener.url}/archive"]
        usages = [bf.run(listener.url, *archive, source="archive") for _ in range(options.rounds)]
        bf.check()
    finally:
        nginx.stop()
    million = bf.candles / 1e6
    report = rows.Report()
    report.add("archive/rate", [million / one.seconds for one in usages], "M candles/s")
    report.add("archive/per_core", [million / one.cpu for one in usages], "M candles/CPU s")
    report.add("archive/rss", [one.rss_mib for one in usages], "MiB")
    report.finish(options.json)


def main():
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--dir", help="where store and zips go; a real disk for a durable store")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file as well")
    options = parser.parse_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="bf-archive-", dir=options.dir)).resolve()
    try:
        measure(work, options)
    finally:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
