#!/usr/bin/env python3
"""bf-engine import takes candle files as they are found in the wild, or refuses them by name.

Goal: each oddity that real files of exchanges, archives and other tools have (numbered here; the first,
that bars resample exactly, is none of an import) is stored digit for digit, or refused with file, line
and advice; and no import makes a minute absent.
Method: small files that each have one oddity, and the fixtures where they have it; what is stored is
read back with bf-export and bf-verify.
"""

import csv
import gzip
import json
import zipfile
from decimal import Decimal

import support
from imports import HEADER, Imports, line, minute

BITFINEX = ("--columns", "time,open,close,high,low,volume")
FIXTURES = support.FIXTURES


def plain(text):
    """The spelling that bf-export has for a number."""
    spelled = f"{Decimal(text):f}"
    return (spelled.rstrip("0").rstrip(".") if "." in spelled else spelled) or "0"


def unzipped(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read(archive.namelist()[0])


def outage(imports):
    series = "binance/spot/OUTAGE"
    imports.stores(
        "2: a cut-off close time, then an outage",
        FIXTURES / "binance" / "spot" / "BTCUSDT-1m.csv.gz",
        series,
        rows_stored=5680,
        odd_close_times=1,
    )
    last = imports.rows(
        series,
        *("--from", "2023-03-24T12:39:00Z", "--to", "2023-03-24T12:40:00Z"),
        *("--columns", "close_time,volume"),
    )
    imports.cases.check(
        "2: the close time is kept", last == [{"close_time": "1679661581646", "volume": "0"}], last
    )
    holes = imports.gaps(series)
    imports.cases.check(
        "2: the outage is missing, not absent",
        ("2023-03-24T12:40:00Z", 80, "missing") in holes,
        holes,
    )


def cut_archive(imports):
    path = next(FIXTURES.rglob("ARBUSDT-1m-2023-07-27.zip"))
    imports.refuses("3: a zip is refused by name", path, "zip", "unzip -p")
    rows = unzipped(path)
    series = "binance/spot/ARBUSDT"
    imports.stores("3: a daily file of 230 rows", rows, series, rows_stored=230, holes=0)
    imports.cases.check("3: the rest of the day is not claimed", not imports.gaps(series))


def changing_decimals(imports):
    path = FIXTURES / "binance" / "um" / "NEARUSDT-1m.csv.gz"
    series = "binance/um/NEARUSDT"
    imports.stores("4: whole numbers beside four decimals", path, series, rows_stored=44640)
    with gzip.open(path, "rt") as text:
        wanted = [[plain(v) for v in row[1:6]] for row in csv.reader(text) if row[0][0].isdigit()]
    columns = ("open", "high", "low", "close", "volume")
    found = [[row[c] for c in columns] for row in imports.rows(series)]
    imports.cases.check("4: every digit is kept", found == wanted)


def headers_and_units(imports):
    row = "{0},1,3,0.5,2,7,{1},14,3,4,8,0\n"
    names = (
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
        "taker_buy_volume,taker_buy_quote_volume,ignore\n"
    )
    old = row.format(minute(0), minute(1) - 1)
    imports.stores("5: no header", old, "binance/spot/FIVE", rows_stored=1, odd_close_times=0)
    imports.stores("5: a header", names + old, "binance/um/FIVE", rows_stored=1)
    late = row.format(minute(1) * 1000, minute(2) * 1000 - 1)
    imports.stores("5: microseconds", late, "binance/spot/FIVE", rows_stored=1, odd_close_times=0)
    imports.holds(
        "5: both lie side by side", "binance/spot/FIVE", "open_time", map(str, map(minute, (0, 1)))
    )
    imports.refuses("5: two units in one file", old + late, "line 2", "milliseconds")
    imports.stores("5: a header in the middle", old + names, "binance/spot/SIX", repeated_headers=1)
    rows = unzipped(next(FIXTURES.rglob("BTCUSDT-1h-2026-05-08.zip")))
    imports.stores(
        *("5: the exchange's own file in microseconds", rows, "binance/spot/BTCUSDT"),
        *("--interval", "1h"),
        rows_stored=24,
        odd_close_times=0,
    )


def duplicates(imports):
    text = HEADER + line(0, "1") + line(0, "5") + line(1) + line(0, "9")
    imports.stores(
        *("6: a candle written before and after it closed", text, "binance/spot/CONFLICT"),
        rows_stored=2,
        conflicts=2,
        first_conflict="2020-03-27T00:00:00Z",
    )
    imports.holds("6: the last row stands", "binance/spot/CONFLICT", "volume", ["9", "7"])
    text = json.dumps([[minute(n % 5), 1, 3, 0.5, 2, 7.0] for n in range(50)])
    imports.stores(
        *("7: a pager that repeated its page", text, "binance/spot/BTC_RUB"),
        rows_read=50,
        rows_stored=5,
        repeats=45,
        conflicts=0,
    )


def missing_minutes(imports):
    hole = HEADER + "".join(line(n) for n in range(200) if not 20 <= n < 160)
    for symbol in ("AAA", "BBB"):
        series = f"binance/spot/{symbol}"
        imports.stores(f"8: an outage of {symbol}", hole, series, holes=1, missing=140)
        holes = imports.gaps(series)
        imports.cases.check(
            f"8: the outage of {symbol} stays missing",
            holes == [("2020-03-27T00:20:00Z", 140, "missing")],
            holes,
        )
    sparse = "".join(f"{minute(n)},1,2,3,0.5,7\r\n" for n in range(0, 3000) if n % 7 < 2)
    imports.stores(
        *("12: minutes without a trade left out", sparse, "bitfinex/spot/LTCUSD", *BITFINEX),
        rows_stored=858,
        holes=428,
    )
    states = {state for _, _, state in imports.gaps("bitfinex/spot/LTCUSD")}
    imports.cases.check("12: they are missing, none is absent", states == {"missing"}, states)
    flat = HEADER + "".join(f"{minute(n)},2,2,2,2,0\n" for n in range(100))
    imports.stores("12: minutes without a trade written flat", flat, "binance/spot/FLAT", holes=0)


def numbers(imports):
    text = f"[[{minute(0)},2.636e-05,2.636e-05,1.9e-06,2.6E-05,11326.0]]"
    imports.stores("9: exponents in JSON", text, "binance/spot/BRD_BTC", rows_stored=1)
    row = imports.rows("binance/spot/BRD_BTC")[0]
    found = [row[c] for c in ("open", "low", "close", "volume")]
    wanted = ["0.00002636", "0.0000019", "0.000026", "11326"]
    imports.cases.check("9: they are exact", found == wanted, found)
    text = f"{minute(0)},1,1,1,1,8e-8\r\n{minute(1)},1,1,1,1,1e-7\r\n"
    imports.stores("9: exponents in CSV", text, "bitfinex/spot/EXP", *BITFINEX, rows_stored=2)
    imports.holds("9: exact too", "bitfinex/spot/EXP", "volume", ["0.00000008", "0.0000001"])

    noise = ["3455.7490208199997", "248.3596954345703", "0.0000059666856670890481", "12345678901.5"]
    text = HEADER + "".join(line(n, volume) for n, volume in enumerate(noise))
    report = imports.stores("10: float noise", text, "tiingo/crypto/NOISE", rows_stored=4)
    imports.holds("10: nothing is rounded", "tiingo/crypto/NOISE", "volume", noise)
    imports.cases.check("10: and it is counted", report.get("wide_values", 0) > 0, report)

    large = ["1274946158", "21000000000.123456789", "733989544.00000000"]
    text = HEADER + "".join(line(n, volume) for n, volume in enumerate(large))
    imports.stores("17: large values", text, "binance/spot/LARGE", rows_stored=3)
    imports.holds("17: kept whole", "binance/spot/LARGE", "volume", map(plain, large))


def column_orders(imports):
    wanted = {"open": "1", "high": "3", "low": "0.5", "close": "2", "volume": "7"}
    time = "2020-03-27 00:00:00+00:00"
    files = {
        "bitfinex/spot/ORDER": (f"{minute(0)},1,2,3,0.5,7\r\n", BITFINEX),
        "yahoo/stocks/ORDER": (f"Datetime,Close,High,Low,Open,Volume\n{time},2,3,0.5,1,7\n", ()),
        "tiingo/crypto/ORDER": (
            "date,Open,High,Low,Close,Volume,Volumenotional,Tradesdone\n"
            f"{time},1,3,0.5,2,7,9,4.0\n",
            (),
        ),
        "bybit/linear/ORDER": (f"{HEADER}{time},1,3,0.5,2,7.0\n", ()),
        "ftx/perp/ORDER": (f"{HEADER}2020-03-27 00:00:00.000000,1,3,0.5,2,7.0\n", ()),
    }
    for series, (text, flags) in files.items():
        imports.stores(f"11: the columns of {series}", text, series, *flags, rows_stored=1)
        row = imports.rows(series)[0]
        found = {name: row[name] for name in wanted}
        imports.cases.check(f"11: {series} has each value in its place", found == wanted, row)
    nameless = files["bitfinex/spot/ORDER"][0]
    imports.refuses("11: rows without names", nameless, "line 1", "--columns")
    imports.refuses("11: a name that nobody knows", "time,open,adj\n", "adj", "--columns")
    lean = "0,1,3,0.5,2,7\n60000,1,3,0.5,2,7\n"
    names = ("--columns", "time,open,high,low,close,volume")
    imports.refuses("11: times of day without a date", lean, "line 1", '"0"', flags=names)


def odd_markets(imports):
    night = 1050
    minutes = [*range(30), *range(night, 1080)]
    text = HEADER + "".join(line(n, "0" if n == 3 else "7") for n in minutes)
    imports.stores("13: nights and ranges without volume", text, "yahoo/stocks/AAPL", holes=1)
    holes = imports.gaps("yahoo/stocks/AAPL")
    imports.cases.check("13: the night is missing", [h[1] for h in holes] == [night - 30], holes)
    found = imports.findings("yahoo/stocks/AAPL")
    imports.cases.check("13: the verifier sees it", "range-without-volume" in found, found)
    text = HEADER + line(0) + line(1, low="0.01") + line(2)
    imports.stores("14: an outlier of the exchange", text, "bitfinex/spot/WICK", rows_stored=3)
    imports.holds("14: it is kept", "bitfinex/spot/WICK", "low", ["0.5", "0.01", "0.5"])


def line_ends(imports):
    head = "MTS\tOPEN\tCLOSE\tHIGH\tLOW\tVOLUME"
    row = "{}\t1\t2\t3\t0.5\t7"
    parts = [head, row.format(minute(0)), head, row.format(minute(1)), row.format(minute(2))]
    ends = ["\r\n", "\r\n", "\n", "\n", ""]
    text = "\ufeff" + "".join(part + end for part, end in zip(parts, ends))
    imports.stores(
        *("15: mixed line ends and a header a chunk", text, "bitfinex/spot/XLMUSD"),
        rows_stored=3,
        repeated_headers=1,
    )
    other = HEADER + line(0) + "timestamp,open,close,high,low,volume\n" + line(1)
    imports.refuses("15: another header in the middle", other, "line 3", "one by one")
    semicolons = (HEADER + line(0) + line(1)).replace(",", ";")
    imports.stores("15: semicolons", semicolons, "binance/spot/SEMICOLON", rows_stored=2)


def two_copies(imports):
    series = "bitfinex/spot/BTCUSD"
    first = HEADER + line(0, "232.046323") + line(1) + line(2)
    second = HEADER + line(0, "232.04632299999997") + line(1) + line(3)
    imports.stores("16: one copy of a series", first, series, rows_stored=3)
    imports.stores(
        *("16: another that differs by noise", second, series),
        rows_stored=2,
        rows_held=1,
        rows_differing=1,
    )
    values = ["232.04632299999997", "7", "7", "7"]
    imports.holds("16: the later import stands", series, "volume", values)
    found = imports.findings(series)
    imports.cases.check("16: the difference is on record", found.get("conflict") == ("warning", 1))
    for text in (first, second):
        imports.stores("16: again, nothing is added", text, series, rows_stored=0, rows_differing=0)
    imports.holds("16: and what stands stays", series, "volume", values)


def main():
    support.require_programs("bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        imports = Imports(work, cases)
        for part in (
            *(outage, cut_archive, changing_decimals, headers_and_units, duplicates),
            *(missing_minutes, numbers, column_orders, odd_markets, line_ends, two_copies),
        ):
            part(imports)
        checked = work.run("bf-verify", "check")
        cases.expect("the store is sound", checked, support.COMPLETE, " 0 damaged; 0 errors")
    cases.end()


if __name__ == "__main__":
    main()
