#!/usr/bin/env python3
"""`bf-engine tune` says how many requests in flight a source is worth.

Goal: it measures without breaking a limit, says the choice and how to use it, and stores nothing.
Method: bf-sim with a latency, and its ledger. (Choices: tests/backfill/tune_test.cpp.)
Usage: tune_test.py BIN_DIRECTORY
"""

import support


def main():
    support.require_programs("bf-sim", "bf-engine")
    cases = support.Cases()
    with support.Workplace() as work:
        with support.Simulator(work, "--generate", 7, "--latency-ms", 100) as sim:
            tune = ["tune", "--exchange", "binance", "--market", "um", *sim.sources()]
            tune += ["--seconds", 2]
            told = work.run("bf-engine", *tune)
            words = ("S000USDT", "20.0 requests/s", "--concurrency", "in flight")
            cases.expect("as text", told, support.COMPLETE, *words)
            told = work.run("bf-engine", *tune, "--symbol", "S001USDT", "--json")
            cases.expect("as JSON", told, support.COMPLETE)
            report = told.json()
            cases.check("its symbol", report["symbol"] == "S001USDT", told)
            numbers = [step["in_flight"] for step in report["steps"]]
            cases.check("from one on", numbers[:1] == [1] and report["concurrency"] in numbers, told)
            medians = [step["median_ms"] for step in report["steps"]]
            cases.check("the latency", all(median >= 100 for median in medians), told)
            statuses = {entry["status"] for entry in sim.requests()}
            cases.check("nothing is refused", statuses == {200}, statuses)
            left = {path.name for path in work.path.iterdir()}
            cases.check("nothing is stored", "bf-store" not in left, left)
            unknown = work.run("bf-engine", *tune, "--symbol", "NOPE")
            cases.expect("an unknown symbol", unknown, support.USAGE, "NOPE")
        wrong = work.run("bf-engine", "tune")
        cases.expect("of no exchange", wrong, support.USAGE, "--exchange binance")
        down = work.run("bf-engine", *tune)
        cases.expect("nobody there", down, support.TEMPORARY, "refused")
    cases.end()


if __name__ == "__main__":
    main()
