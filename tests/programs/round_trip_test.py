#!/usr/bin/env python3
"""What goes in comes out, digit for digit.

Goal: for every fixture series the export after a backfill equals the source rows, decimal by decimal,
close times too; a second run asks for no candle and leaves the export as it was; the store verifies.
Method: bf-sim serves fixtures/, bf-engine run fetches each line of INDEX by REST and by archive into
stores of their own, bf-export writes CSV, and each value is compared as a decimal.
"""

import csv
import gzip
import json
from datetime import datetime
from decimal import Decimal

import support

# The columns of a source file, by the names that exports have; the last one there is not kept.
SOURCE = (
    "open_time open high low close volume close_time quote_volume trades taker_buy_base taker_buy_quote"
).split()
DECIMALS = [name for name in SOURCE if not name.endswith("_time")]


def milliseconds(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def source_rows(series):
    """The candles of the file inside the range of INDEX."""
    begin, end = milliseconds(series.begin), milliseconds(series.end)
    with gzip.open(series.file, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.reader(lines):
            if row[0].isdigit() and begin <= int(row[0]) < end:
                yield dict(zip(SOURCE, row))


def difference(expected, found):
    """What differs between two lists of rows, or None."""
    if len(expected) != len(found):
        return f"{len(found)} rows, not {len(expected)}"
    for want, got in zip(expected, found):
        for name in SOURCE:
            same = want[name] == got[name]
            if not same and name in DECIMALS:
                same = Decimal(want[name]) == Decimal(got[name])
            if not same:
                return f"{want['open_time']}: {name} is {got[name]}, not {want[name]}"
    return None


def export(work, series, store):
    """The exported rows."""
    target = work.path / "export.csv"
    outcome = work.run(
        *("bf-export", target, *series.flags(), "--store", store, "--force"),
        *("--columns", ",".join(SOURCE)),
    )
    if outcome.code != support.COMPLETE:
        raise RuntimeError(str(outcome))
    with open(target, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def check_other_formats(cases, work, series, store, expected):
    """gzip and JSON lines say the same as CSV."""
    work.run("bf-export", "a.csv.gz", *series.flags(), "--store", store, "--columns", ",".join(SOURCE))
    with gzip.open(work.path / "a.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        cases.check(f"{series}: csv.gz", difference(expected, list(csv.DictReader(lines))) is None)
    outcome = work.run(
        *("bf-export", "-", "--format", "jsonl", *series.flags(), "--store", store, "-q"),
        *("--columns", ",".join(SOURCE)),
    )
    rows = [
        {name: str(value) for name, value in json.loads(line, parse_float=Decimal).items()}
        for line in outcome.out.splitlines()
    ]
    cases.check(f"{series}: jsonl on stdout", difference(expected, rows) is None, outcome.err)
    (work.path / "a.csv.gz").unlink()


def check_series(cases, work, simulator, series, source):
    store = work.path / f"store-{source}"
    flags = [*series.flags(), "--store", store, *simulator.sources(), "--source", source]
    name = f"{series} by {source}"
    expected = list(source_rows(series))
    cases.check(f"{name}: INDEX counts its rows", len(expected) == series.rows)

    cases.expect(f"{name}: run", work.run("bf-engine", "run", *flags), support.COMPLETE)
    found = export(work, series, store)
    what = difference(expected, found)
    cases.check(f"{name}: the export equals the source", what is None, what)

    before = len(simulator.requests())
    again = work.run("bf-engine", "run", *flags, "--json")
    cases.expect(f"{name}: second run", again, support.COMPLETE)
    cases.check(
        f"{name}: the second run stores nothing", again.json()["candles_stored"] == 0, str(again)
    )
    asked = [entry for entry in simulator.requests()[before:] if entry["endpoint"] == "klines"]
    archived = [entry for entry in simulator.requests()[before:] if entry["endpoint"] == "archive"]
    cases.check(f"{name}: the second run asks for no candle", not asked and not archived, str(asked))
    cases.check(f"{name}: the export is the same", export(work, series, store) == found)
    if source == "rest":
        check_other_formats(cases, work, series, store, expected)


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
            for source in ("rest", "auto"):
                for series in support.index():
                    check_series(cases, work, simulator, series, source)
            for source in ("rest", "auto"):
                checked = work.run("bf-verify", "check", "--store", work.path / f"store-{source}")
                cases.expect(f"bf-verify check of the store by {source}", checked, support.COMPLETE)
            limited = [entry for entry in simulator.requests() if entry["status"] in (418, 429)]
            cases.check("no request was limited", not limited, str(limited[:3]))
    cases.end()


if __name__ == "__main__":
    main()
