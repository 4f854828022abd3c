#!/usr/bin/env python3
"""A run that is killed loses nothing, and the next one asks only for what is missing.

Goal: after any number of `kill -9` at random moments one run to the end gives the export of a run that
was never killed; nothing that the store held at a restart is fetched again; the store verifies.
Method: bf-sim serves real candles, slowly; bf-engine run is killed again and again, a new store begun
whenever one is complete. BF_KILLS says how often (12), BF_KILL_SEED when.
"""

import os
import random
import signal
import time
from datetime import datetime

import support

SERIES = [
    series
    for series in support.index()
    if series.interval == "1m" and series.symbol in ("ARBUSDT", "FILUSDT", "NEARUSDT")
]
KILLS = int(os.environ.get("BF_KILLS", "12"))
SEED = int(os.environ.get("BF_KILL_SEED", "1"))
LATENCY_MS = 15
CONCURRENCY = 4
# A run is killed at the latest when this share of an unkilled one's time has passed.
KILL_SHARE_MAX = 0.6


def milliseconds(text):
    return int(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def series_name(series):
    return f"{series.exchange}/{series.market}/{series.symbol}/candles/{series.interval}"


def run_flags(work, simulator, store):
    symbols = work.path / "symbols.txt"
    symbols.write_text(
        "".join(f"{series.symbol} {series.exchange}/{series.market}\n" for series in SERIES),
        encoding="utf-8",
    )
    begin = min(series.begin for series in SERIES)
    end = max(series.end for series in SERIES)
    return [
        *("--symbols-file", symbols, "--interval", "1m", "--from", begin, "--to", end),
        *("--source", "rest", "--store", store, *simulator.sources()),
        *("--concurrency", CONCURRENCY),
    ]


def export(work, store, series):
    target = work.path / "export.csv"
    outcome = work.run("bf-export", target, *series.flags(), "--store", store, "--force")
    return target.read_bytes() if outcome.code == support.COMPLETE else str(outcome).encode()


def held_ranges(work, store, series):
    """What the store knows of a series: the parts of its range that are no gap."""
    outcome = work.run("bf-verify", "gaps", *series.flags(), "--store", store, "--json")
    if outcome.code not in (support.COMPLETE, support.MISSING):
        return []  # the series has not been begun
    ranges = []
    for found in outcome.json()["series"]:
        begin = milliseconds(series.begin)
        for gap in found["gaps"]:
            ranges.append((begin, milliseconds(gap["from"])))
            begin = milliseconds(gap["to"])
        ranges.append((begin, milliseconds(series.end)))
    return [(begin, end) for begin, end in ranges if begin < end]


def fetched_again(requests, held):
    """Pages among `requests` that hold a slot of `held`, by series. One row is a question, not a page."""
    again = []
    for entry in requests:
        if entry["endpoint"] != "klines" or entry["limit"] <= 1:
            continue
        for begin, end in held.get((entry["market"], entry["symbol"]), []):
            if entry["start"] < end and begin <= entry["end"]:
                again.append((entry, begin, end))
    return again


class KilledStore:
    """One store whose runs are killed until it is complete."""

    def __init__(self, cases, work, simulator, number):
        self.cases, self.work, self.simulator = cases, work, simulator
        self.store = work.path / f"killed-{number}"
        self.name = f"store {number}"
        self.kills = 0

    def run_and_kill(self, seconds):
        """Whether the run was killed before it had ended."""
        held = {
            (f"binance/{series.market}", series.symbol): held_ranges(self.work, self.store, series)
            for series in SERIES
        }
        before = len(self.simulator.requests())
        process = self.work.start(
            "bf-engine",
            *("run", *run_flags(self.work, self.simulator, self.store), "-q"),
            stdout=open(os.devnull, "w", encoding="utf-8"),
        )
        time.sleep(seconds)
        killed = process.poll() is None
        process.send_signal(signal.SIGKILL)
        code = process.wait()
        again = fetched_again(self.simulator.requests()[before:], held)
        self.cases.check(
            f"{self.name}, run {self.kills + 1}: nothing held is fetched again", not again, str(again)
        )
        if killed:
            self.kills += 1
        else:
            self.cases.check(f"{self.name}: the run ended well", code == support.COMPLETE, str(code))
        return killed

    def finish(self, expected):
        flags = run_flags(self.work, self.simulator, self.store)
        outcome = self.work.run("bf-engine", "run", *flags)
        self.cases.expect(f"{self.name}: the last run", outcome, support.COMPLETE)
        for series in SERIES:
            self.cases.check(
                f"{self.name}, {self.kills} kills: {series} as without a kill",
                export(self.work, self.store, series) == expected[series_name(series)],
            )
        checked = self.work.run("bf-verify", "check", "--store", self.store)
        self.cases.expect(f"{self.name}: bf-verify check", checked, support.COMPLETE)


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    moments = random.Random(SEED)
    with support.Workplace() as work:
        arguments = ("--data", support.FIXTURES, "--no-limits", "--latency-ms", LATENCY_MS)
        with support.Simulator(work, *arguments) as simulator:
            whole = work.path / "whole"
            began = time.monotonic()
            outcome = work.run("bf-engine", "run", *run_flags(work, simulator, whole))
            run_seconds = time.monotonic() - began
            cases.expect("a run that is not killed", outcome, support.COMPLETE)
            expected = {series_name(series): export(work, whole, series) for series in SERIES}
            for series in SERIES:
                lines = expected[series_name(series)].count(b"\n")
                cases.check(f"{series}: all rows", lines == series.rows + 1, f"{lines} lines")

            kills = stores = 0
            while kills < KILLS:
                stores += 1
                killed_store = KilledStore(cases, work, simulator, stores)
                while kills + killed_store.kills < KILLS:
                    if not killed_store.run_and_kill(moments.uniform(0, KILL_SHARE_MAX * run_seconds)):
                        break
                kills += killed_store.kills
                killed_store.finish(expected)
            print(f"{kills} kills over {stores} stores; a whole run takes {run_seconds:.1f} s")
    cases.end()


if __name__ == "__main__":
    main()
