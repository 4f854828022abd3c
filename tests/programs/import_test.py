#!/usr/bin/env python3
"""bf-engine import adds what is new, once, and behind what the exchange itself said.

Goal: the same file again changes no byte; exports come back as they were; REST stands against an
import; a file with anything wrong in it leaves no trace, and the message says what to do.
Method: small files, and bf-sim for the exchange. What real files have is import_oddities_test.py's.
"""

import gzip
import hashlib
import subprocess

import support
from imports import HEADER, Imports, line, minute


def tree_hash(path):
    """Of all files below: names and bytes."""
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(str(file.relative_to(path)).encode() + file.read_bytes())
    return digest.hexdigest()


def twice(imports):
    series = "binance/spot/TWICE"
    text = HEADER + "".join(line(n, str(n)) for n in range(5000) if n % 9)
    report = imports.stores("out of order", "".join([HEADER, line(2), line(0), line(1)]), "a/b/c")
    imports.cases.check("out of order: sorted", report["range"]["from"] == "2020-03-27T00:00:00Z")
    imports.stores("a file", text, series, rows_stored=4444, rows_held=0)
    folder = next(imports.work.path.rglob("TWICE"))
    before = tree_hash(folder)
    imports.stores("the same file again", text, series, rows_stored=0, rows_held=4444)
    imports.cases.check("not a byte of the series changes", tree_hash(folder) == before)
    status = imports.work.run("bf-engine", "status", "--json").json()["series"]
    segments = [s["segments"] for s in status if "/TWICE/" in s["series"]]
    imports.cases.check("one segment a month", segments == [1], segments)


def packed(imports):
    """gzip of any ratio, in any number of members."""
    flat = HEADER + "".join(f"{minute(n)},1,1,1,1,0\n" for n in range(20000))
    members = gzip.compress(flat.encode()) + gzip.compress(line(20000).encode())
    imports.stores("gzip in two members", members, "binance/spot/GZIP", rows_stored=20001, holes=0)


def own_exports(imports):
    series = "binance/spot/TWICE"
    for name in ("own.csv", "own.csv.gz"):
        flags = ("--exchange", "binance", "--market", "spot", "--symbol", "TWICE", "--force")
        imports.work.run("bf-export", name, *flags)
        path = imports.work.path / name
        imports.stores(f"{name} comes back", path, f"binance/spot/{name}", rows_stored=4444)
        same = imports.rows(f"binance/spot/{name}") == imports.rows(series)
        imports.cases.check(f"{name} is the same series", same)


def against_the_exchange(imports):
    """REST stands, however late the import came."""
    work, cases = imports.work, imports.cases
    series = "binance/um/FILUSDT"
    with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
        flags = ["--exchange", "binance", "--market", "um", "--symbol", "FILUSDT"]
        flags += [*simulator.sources(), "--source", "rest"]
        flags += ["--from", "2026-06-10", "--to", "2026-06-11"]
        cases.expect("a run", work.run("bf-engine", "run", *flags), support.COMPLETE)
    held = imports.rows(series)
    text = HEADER
    for n, row in enumerate(held):
        volume = "1234567" if n == 17 else row["volume"]
        text += ",".join(row[c] for c in ("open_time", "open", "high", "low", "close"))
        text += f",{volume}\n"
    imports.stores(
        *("one row of a file contradicts the exchange", text, series),
        rows_stored=1,
        rows_held=1439,
        rows_differing=1,
    )
    cases.check("the exchange stands", imports.rows(series) == held)
    found = imports.findings(series)
    cases.check("the contradiction is on record", found.get("conflict") == ("warning", 1), found)
    imports.stores("once", text, series, rows_stored=0, rows_held=1440, rows_differing=0)


def fills_around_an_import(imports):
    """What a file lacks is missing, and the next run fetches that and nothing else."""
    work, cases = imports.work, imports.cases
    series = "binance/um/NEARUSDT"
    path = support.FIXTURES / "binance" / "um" / "NEARUSDT-1m.csv.gz"
    with gzip.open(path, "rt") as file:
        rows = [text for text in file.read().splitlines() if text[0].isdigit()][:1440]
    holes = "\n".join(text for n, text in enumerate(rows) if not 100 <= n < 130 and n != 700)
    imports.stores("a day without 31 minutes", holes, series, rows_stored=1409, holes=2, missing=31)
    flags = ["--exchange", "binance", "--market", "um", "--symbol", "NEARUSDT", "--json"]
    flags += ["--from", "2023-10-01", "--to", "2023-10-02", "--source", "rest"]
    with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
        done = work.run("bf-engine", "run", *flags, *simulator.sources())
    if not cases.expect("a run fills them", done, support.COMPLETE):
        return
    ran = done.json()["series"][0]
    found = {key: ran[key] for key in ("held", "absent_confirmed", "missing")}
    wanted = {"held": 1440, "absent_confirmed": 0, "missing": 0}
    cases.check("no minute of the day is absent", found == wanted, ran)
    sources = imports.rows(series, "--columns", "open_time,source")
    fetched = [n for n, row in enumerate(sources) if row["source"] == "binance rest"]
    lacked = {*range(100, 130), 700}
    cases.check("what the file lacked came by REST", lacked <= set(fetched), fetched)


def bad_files(imports):
    good = "".join(line(n) for n in range(100))
    imports.refuses("a bad line", HEADER + good + "1585267,x\n", "candles", "line 102", "2 columns")
    imports.refuses("a word", HEADER + good + line(200, "NaN"), "line 102", 'volume: "NaN"')
    imports.refuses("an empty file", "", "no row")
    imports.refuses("a header alone", HEADER, "no row")
    imports.refuses("a JSON object", '{"data": []}', "JSON object")
    imports.refuses("cut JSON", f"[[{minute(0)},1,3,0.5,2,7],[", "row 2", "ends in the middle")
    imports.refuses("xz", b"\xfd7zXZ\x00 and more", "xz -dc")
    imports.refuses("zstd", b"\x28\xb5\x2f\xfd and more", "zstd -dc")
    imports.refuses("Parquet", b"PAR1 and more", "Parquet")
    imports.refuses("tar", b"candles.csv" + bytes(246) + b"ustar", "tar xOf")
    imports.refuses("damaged gzip", gzip.compress(HEADER.encode())[:-6], "gzip")
    imports.refuses("no file", imports.work.path / "nowhere.csv", "nowhere.csv")
    imports.refuses("a folder", imports.work.path, "directory")
    imports.refuses("a future candle", HEADER + line(60 * 24 * 365 * 100), "closed")
    quarters = HEADER + "".join(line(n * 15) for n in range(50))
    imports.refuses("quarters of an hour", quarters, "farther apart", "--interval")
    imports.refuses("minutes as hours", HEADER + good, "closer", flags=("--interval", "1h"))
    imports.refuses("no such interval", HEADER + good, "7m", flags=("--interval", "7m"))
    imports.refuses("no such unit", HEADER + good, "days", flags=("--time-unit", "days"))
    imports.refuses("a wrong unit", HEADER + good, "line 2", flags=("--time-unit", "s"))
    for series in ("BTCUSDT", "binance/BTCUSDT", "Binance/spot/X", "binance/spot/"):
        imports.refuses(f"as {series!r}", HEADER + good, "--as", series=series)
    blocked = imports.work.path / "a-file"
    blocked.write_text("not a store", encoding="utf-8")
    done = imports.run(HEADER + good, "binance/spot/X", "--store", blocked)
    imports.cases.expect("a store that cannot be", done, support.STORAGE)


def words(imports):
    path = imports.work.path / "words.csv"
    path.write_text(HEADER + line(0) + line(0, "8") + line(2), encoding="utf-8")
    done = imports.work.run("bf-engine", "import", path, "--as", "binance/spot/WORDS")
    said = ("3 rows read, 2 stored", "1 repeated with other values", "1 hole, 1 slot missing")
    imports.cases.expect("the report in words", done, support.COMPLETE, *said)
    with open(path, encoding="utf-8") as stdin:
        piped = imports.work.start(
            *("bf-engine", "import", "-q", "-", "--as", "binance/spot/PIPED"),
            stdin=stdin,
            stdout=subprocess.DEVNULL,
        )
        code = piped.wait(support.RUN_SECONDS_MAX)
    held = imports.rows("binance/spot/PIPED")
    imports.cases.check("from stdin", code == support.COMPLETE and len(held) == 2, held)


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        imports = Imports(work, cases)
        twice(imports)
        packed(imports)
        own_exports(imports)
        against_the_exchange(imports)
        fills_around_an_import(imports)
        bad_files(imports)
        words(imports)
        checked = work.run("bf-verify", "check")
        cases.expect("the store is sound", checked, support.COMPLETE, " 0 damaged; 0 errors")
    cases.end()


if __name__ == "__main__":
    main()
