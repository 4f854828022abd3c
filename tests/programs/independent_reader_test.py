#!/usr/bin/env python3
"""A reader written from docs/format.md alone reads what the programs write.

Goal: the page is enough to get the candles out of a store, digit by digit.
Method: bf-sim serves fixtures/, bf-engine run stores them; tests/independent/bf_reader.py prints each
series, and bf-export the same one. The worked example of the page and the golden stores are read too.
"""

import collections
import re
import sys

import support

sys.dont_write_bytecode = True
sys.path.insert(0, str(support.ROOT / "tests" / "independent"))
import bf_columns  # noqa: E402
import bf_reader  # noqa: E402


class Example:
    """The series of the page's example."""

    uuid = bytes(range(1, 17))
    epoch, sequence, proven = 7, 1, 0


def decode_example(cases):
    page = (support.ROOT / "docs" / "format.md").read_text(encoding="utf-8")
    hexes, shown = re.search(r"```hex log\n(.*?)```\n\n(.*?)\n\n", page, re.DOTALL).groups()
    rows = list(bf_reader.log_rows(bytes.fromhex(hexes), Example))
    values = [" ".join(row[number] for number in range(1, 6)) for row, _, _ in rows]
    expected = [" ".join(line.split()[1:]) for line in shown.splitlines()]
    cases.check("the example of docs/format.md", values == expected, f"{values}\n{expected}")
    times = [row[bf_reader.OPEN_TIME] for row, _, _ in rows]
    cases.check("its open times", times == [1704067200000, 1704067260000], times)


def said_by(rows):
    """The lines of a golden store's text that a reader of rows can know."""
    counts = collections.Counter(row["source"] for row in rows)
    yield from (f"source {source} {count}" for source, count in sorted(counts.items()))
    for row in rows:
        if "close_time" in row:
            yield f"close_time {row[bf_reader.OPEN_TIME]} {row['close_time']}"


def read_golden_stores(cases):
    folder = support.ROOT / "tests" / "golden" / f"v{bf_reader.VERSION}"
    expected = sorted(folder.glob("*.csv"))
    cases.check("there are golden stores", expected, folder)
    for csv in expected:
        kind = "funding/events" if csv.stem == "funding" else "candles/1m"
        rows = bf_reader.Series(csv.with_suffix(""), f"binance/um/BTCUSDT/{kind}").rows()
        read = "".join(line + "\n" for line in bf_reader.csv(rows))
        cases.check(f"golden {csv.stem}: rows", read == csv.read_text(encoding="utf-8"), read)
        lines = csv.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
        wanted = [line for line in lines if line.startswith(("source ", "close_time "))]
        said = list(said_by(rows))
        cases.check(f"golden {csv.stem}: sources, close times", said == wanted, f"{said}\n{wanted}")


def compare(cases, work, store, series):
    exchange, market, symbol, kind, interval = series.split("/")
    flags = ["--exchange", exchange, "--market", market, "--symbol", symbol, "--kind", kind]
    flags += ["--interval", interval]
    exported = work.run(
        "bf-export", "-", "--store", store, "--format", "csv", "-q", *flags
    ).out
    read = "".join(line + "\n" for line in bf_reader.csv(bf_reader.Series(store, series).rows()))
    pairs = zip(exported.splitlines(), read.splitlines())
    differing = [pair for pair in pairs if len(set(pair)) > 1]
    detail = f"{len(exported)} and {len(read)} bytes; first lines that differ: {differing[:3]}"
    cases.check(f"{series}: {read.count(chr(10)) - 1} rows", exported and exported == read, detail)


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export")
    cases = support.Cases()
    if bf_columns.LZ4 is None:
        cases.skip("the reader", "no liblz4.so.1")
        sys.exit(support.SKIPPED)
    if bf_columns.XXHASH is None:
        cases.skip("checksums", "no libxxhash.so.0")
    decode_example(cases)
    read_golden_stores(cases)
    with support.Workplace() as work:
        with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
            for series in support.index():
                done = work.run("bf-engine", "run", *series.flags(), *simulator.sources())
                cases.expect(f"run {series}", done, support.COMPLETE)
        store = work.path / "bf-store"
        for manifest in sorted(store.rglob("MANIFEST")):
            compare(cases, work, store, str(manifest.parent.relative_to(store)))
    cases.end()


if __name__ == "__main__":
    main()
