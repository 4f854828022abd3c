#!/usr/bin/env python3
"""A copy of a store that is being filled is a store.

Goal: bf-verify snapshot, made at any time while bf-engine run writes, passes check and scrub, and a run
goes on with it; it takes no space for segments, and refuses a directory that has something in it.
Method: bf-sim serves fixtures/; snapshots are made one after the other until the run has ended.
"""

from subprocess import DEVNULL

import support

SERIES = ("--exchange", "binance", "--market", "spot", "--symbol", "ARBUSDT")
RANGE = ("--from", "2023-04-01", "--to", "2023-07-15")
SNAPSHOTS_MAX = 12


def rows_of(work, store):
    status = work.run("bf-engine", "status", "--store", store, "--json")
    return sum(series["rows"] for series in status.json()["series"])


def export(work, store):
    return work.run("bf-export", "-", "--store", store, "--format", "csv", "-q").out


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        outcome = work.run("bf-verify", "snapshot", "copy")
        cases.expect("no store", outcome, support.USAGE, "no store")
        with support.Simulator(work, "--data", support.FIXTURES) as simulator:
            flags = [*SERIES, *RANGE, *simulator.sources(), "--source", "rest"]
            run = work.start("bf-engine", "run", *flags, "--progress", "none", "-q", stdout=DEVNULL)
            support.wait_for((work.path / "bf-store" / "STORE").exists)
            taken = []
            while run.poll() is None and len(taken) < SNAPSHOTS_MAX:
                name = f"copy-{len(taken)}"
                made = work.run("bf-verify", "snapshot", name)
                if not cases.expect(f"{name}", made, support.COMPLETE):
                    break
                taken.append(name)
            cases.check("the run was still going", len(taken) > 1, taken)
            cases.check("the run ends well", run.wait() == support.COMPLETE)
            for name in taken:
                check = work.run("bf-verify", "check", "--store", name)
                cases.expect(f"{name}: check", check, support.COMPLETE)
                scrub = work.run("bf-verify", "scrub", "--store", name)
                cases.expect(f"{name}: scrub", scrub, support.COMPLETE)
            rows = [rows_of(work, name) for name in taken]
            cases.check("they grow", rows == sorted(rows) and len(set(rows)) > 1, rows)

            made = work.run("bf-verify", "snapshot", "last", "--json")
            cases.expect("the last", made, support.COMPLETE)
            cases.check("is made of links", made.json()["segments_copied"] == 0, made)
            segments = list((work.path / "last").rglob("*.seg"))
            cases.check("all of them", segments and all(s.stat().st_nlink > 1 for s in segments))
            before = export(work, "bf-store")
            cases.check("it says what the store says", export(work, "last") == before)
            for name in taken[:2]:
                done = work.run("bf-engine", "run", *flags, "--store", name)
                cases.expect(f"{name}: a run goes on", done, support.COMPLETE)
                cases.check(f"{name}: to the same", export(work, name) == before)
            cases.check("the store has not changed", export(work, "bf-store") == before)

        outcome = work.run("bf-verify", "snapshot", "last")
        cases.expect("there is something", outcome, support.USAGE, "not empty")
        outcome = work.run("bf-verify", "snapshot", "bf-store/inside")
        cases.expect("in the store itself", outcome, support.USAGE, "lies in the store")
    cases.end()


if __name__ == "__main__":
    main()
