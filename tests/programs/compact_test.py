#!/usr/bin/env python3
"""A run leaves one file a month, and bf-engine compact finds nothing left to do.

Goal: two runs over parts of one month leave one segment; compacting changes nothing that is exported;
what compact says is what status says.
Method: bf-sim serves fixtures/, bf-engine run fetches a month in two parts, compact is run by hand.
"""

import support

SERIES = ("--exchange", "binance", "--market", "um", "--symbol", "FILUSDT")
PARTS = (("2026-06-10", "2026-06-20"), ("2026-06-01", "2026-06-12"))


def export(work):
    outcome = work.run("bf-export", "-", "--format", "csv", "-q")
    return outcome.out


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export")
    cases = support.Cases()
    with support.Workplace() as work:
        nowhere = work.run("bf-engine", "compact")
        cases.expect("no store", nowhere, support.USAGE, "no store")
        with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
            flags = [*SERIES, *simulator.sources(), "--source", "rest"]
            for begin, end in PARTS:
                done = work.run("bf-engine", "run", *flags, "--from", begin, "--to", end)
                cases.expect(f"run {begin}..{end}", done, support.COMPLETE)
        status = work.run("bf-engine", "status", "--json").json()["series"][0]
        cases.check("two runs leave one segment", status["segments"] == 1, str(status))
        cases.check("with all rows", status["rows"] == 19 * 1440, str(status))

        before = export(work)
        compacted = work.run("bf-engine", "compact", "--json")
        cases.expect("compact", compacted, support.COMPLETE)
        series = compacted.json()["series"][0]
        cases.check("nothing was left to compact", series["spans"] == 0, str(series))
        cases.check("one segment", series["segments_after"] == 1, str(series))
        cases.check(
            "its bytes are those of status", series["bytes_after"] == status["segment_bytes"], series
        )
        cases.check("the export is the same", before and export(work) == before)
        text = work.run("bf-engine", "compact", *SERIES)
        cases.expect("compact in words", text, support.COMPLETE, "0 spans of 1 series compacted")
        other = work.run("bf-engine", "compact", "--symbol", "NOSUCH")
        cases.expect("an unknown symbol", other, support.USAGE)
    cases.end()


if __name__ == "__main__":
    main()
