#!/usr/bin/env python3
"""What goes in comes out, digit for digit.

Goal: for every fixture series the export after a backfill equals the source rows, decimal by decimal,
close times too; a second run asks for no candle and leaves the export as it was; the store verifies.
Method: bf-sim serves fixtures/, bf-engine run fetches each line of INDEX by REST and by archive into
stores of their own, bf-export writes CSV, and each value is compared as a decimal.
"""

import csv
import functools
import gzip
import json
from datetime import datetime
from decimal import Decimal

import support

# The columns of a source file, by the names that exports have; the last one there is not kept.
SOURCE = (
    "open_time open high low close volume close_time quote_volume trades taker_buy_base taker_buy_quote"
).split()


def milliseconds(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


@functools.cache
def source_rows(series):
    """The candles of the file inside the range of INDEX, as lists in the order of SOURCE."""
    begin, end = milliseconds(series.begin), milliseconds(series.end)
    with gzip.open(series.file, "rt", encoding="utf-8", newline="") as lines:
        return [
            row[: len(SOURCE)]
            for row in csv.reader(lines)
            if row[0].isdigit() and begin <= int(row[0]) < end
        ]


def same_value(name, want, got):
    """Times and counts by their digits, the rest by value: trailing zeros apart."""
    return want == got or (not name.endswith("_time") and Decimal(want) == Decimal(got))


def difference(expected, found):
    """What differs between two lists of rows, or None."""
    if len(expected) != len(found):
        return f"{len(found)} rows, not {len(expected)}"
    for want, got in zip(expected, found):
        for name, value, other in zip(SOURCE, want, got):
            if not same_value(name, value, other):
                return f"{want[0]}: {name} is {other}, not {value}"
    return None


def csv_rows(text):
    """The rows of a CSV with exactly the columns of SOURCE."""
    rows = list(csv.reader(text.splitlines()))
    if rows[0] != SOURCE:
        raise RuntimeError(f"the header is {rows[0]}")
    return rows[1:]


def export(work, series, store):
    """The text of a CSV export."""
    target = work.path / "export.csv"
    outcome = work.run(
        *("bf-export", target, *series.flags(), "--store", store, "--force"),
        *("--columns", ",".join(SOURCE)),
    )
    if outcome.code != support.COMPLETE:
        raise RuntimeError(str(outcome))
    return target.read_text(encoding="utf-8")


def check_other_formats(cases, work, series, store, expected):
    """gzip and JSON lines say the same as CSV."""
    work.run("bf-export", "a.csv.gz", *series.flags(), "--store", store, "--columns", ",".join(SOURCE))
    with gzip.open(work.path / "a.csv.gz", "rt", encoding="utf-8", newline="") as lines:
        what = difference(expected, csv_rows(lines.read()))
    cases.check(f"{series}: csv.gz", what is None, what)
    outcome = work.run(
        *("bf-export", "-", "--format", "jsonl", *series.flags(), "--store", store, "-q"),
        *("--columns", ",".join(SOURCE)),
    )
    rows = [
        [str(value) for value in json.loads(line, parse_float=str).values()]
        for line in outcome.out.splitlines()
    ]
    what = difference(expected, rows)
    cases.check(f"{series}: jsonl on stdout", what is None, what)
    (work.path / "a.csv.gz").unlink()


def check_series(cases, work, simulator, series, source):
    store = work.path / f"store-{source}"
    flags = [*series.flags(), "--store", store, *simulator.sources(), "--source", source]
    name = f"{series} by {source}"
    expected = source_rows(series)
    cases.check(f"{name}: INDEX counts its rows", len(expected) == series.rows)

    cases.expect(f"{name}: run", work.run("bf-engine", "run", *flags), support.COMPLETE)
    found = export(work, series, store)
    what = difference(expected, csv_rows(found))
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
