#!/usr/bin/env python3
"""Rows are counted by where they came from, everywhere the same.

Goal: an export's source column, the status of a store and the report of a run agree on how many rows
came from an archive, from REST and from an import.
Method: one store is filled with two series in three ways, against bf-sim; the export is counted row by row.
Usage: row_sources_test.py BIN_DIRECTORY
"""

import collections
import csv
import io

import support

ARB = ["--exchange", "binance", "--market", "spot", "--symbol", "ARBUSDT"]
NEAR = ["--exchange", "binance", "--market", "um", "--symbol", "NEARUSDT"]


def series_of(name):
    return next(series for series in support.index() if series.symbol == name and series.interval == "1m")


def added(*counts):
    total = collections.Counter()
    for count in counts:
        total.update(count)
    return total


def counted(work, *flags):
    """Rows of an export by their source."""
    exported = work.run("bf-export", "-", "--format", "csv", "--columns", "open_time,source", *flags)
    return collections.Counter(row["source"] for row in csv.DictReader(io.StringIO(exported.out)))


def check_run(cases, name, ran):
    """The report of a run; what it stored, by source."""
    if not cases.expect(name, ran, support.COMPLETE):
        return {}
    report = ran.json()
    by_series = added(*(series["rows_by_source"] for series in report["series"]))
    cases.check(f"{name}: all series together", by_series == report["rows_by_source"], ran)
    stored = sum(by_series.values())
    cases.check(f"{name}: every candle has a source", stored == report["candles_stored"], ran)
    return report["rows_by_source"]


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export")
    cases = support.Cases()
    with support.Workplace() as work, support.Simulator(work, "--data", support.FIXTURES) as simulator:
        near = series_of("NEARUSDT")
        imported = work.run("bf-engine", "import", near.file, "--as", "binance/um/NEARUSDT")
        cases.expect("an import", imported, support.COMPLETE)
        run = ["bf-engine", "run", *simulator.sources(), "--json"]
        month = ["--from", "2023-04-01", "--to", "2023-05-01T12:00:00Z"]
        got = check_run(cases, "archive and REST", work.run(*run, *ARB, *month))
        cases.check("from both", len(got) == 2, got)
        day = ["--from", "2023-10-02", "--to", "2023-10-03", "--source", "rest"]
        check_run(cases, "nothing is missing", work.run(*run, *NEAR, *day))

        status = work.run("bf-engine", "status", "--json").json()
        exports = []
        for series in status["series"]:
            _, market, symbol = series["series"].split("/")[:3]
            exports.append(counted(work, "--market", market, "--symbol", symbol))
            cases.check(f"export and status of {symbol}", exports[-1] == series["rows_by_source"],
                        f"{exports[-1]} {series}")  # fmt: skip
        cases.check("all of the store", added(*exports) == status["rows_by_source"], status)
        cases.check("every row", sum(status["rows_by_source"].values()) == status["rows"], status)
        kinds = sorted(status["rows_by_source"])
        expected = ["binance archive-monthly", "binance import", "binance rest"]
        cases.check("three sources", kinds == expected, kinds)
        text = work.run("bf-engine", "status")
        words = [f"{name} {rows:,}" for name, rows in status["rows_by_source"].items()]
        cases.expect("the text says the same", text, support.COMPLETE, "from " + ", ".join(words))
    cases.end()


if __name__ == "__main__":
    main()
