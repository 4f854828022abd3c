#!/usr/bin/env python3
"""Damage is found, repaired and healed.

Goal: bf-verify scrub finds a damaged file and writes nothing; with --repair the store is whole again,
and the next bf-engine run fetches what was lost: the export is what it was before the damage.
Method: bf-sim serves fixtures/; parts of two months are stored; a byte of a file is changed, a file is cut or
removed; then scrub, scrub --repair, check, run, and export.
"""

import shutil

import support

SERIES = ("--exchange", "binance", "--market", "spot", "--symbol", "ARBUSDT")
RANGE = ("--from", "2023-04-20", "--to", "2023-05-10")
DIRECTORY = "bf-store/binance/spot/ARBUSDT/candles/1m"


def change_byte(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def snapshot_of(work):
    """Every file of the store and its bytes."""
    root = work.path / "bf-store"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def damages(directory):
    segments = sorted(directory.glob("*.seg"))
    first, last = segments[0], segments[-1]
    return {
        "a block": (first.name, lambda: change_byte(first, 5000)),
        "a header": (last.name, lambda: change_byte(last, 20)),
        "a cut segment": (first.name, lambda: first.write_bytes(first.read_bytes()[:1000])),
        "a lost segment": (last.name, last.unlink),
        "a manifest": ("MANIFEST", lambda: change_byte(directory / "MANIFEST", 70)),
        "a lost manifest": ("MANIFEST", (directory / "MANIFEST").unlink),
        "a gap cache": ("gaps", lambda: change_byte(directory / "gaps", 40)),
    }


def export(work):
    return work.run("bf-export", "-", "--format", "csv", "-q").out


def try_damage(cases, work, flags, name, before):
    file, do = damages(work.path / DIRECTORY)[name]
    do()
    files = snapshot_of(work)
    found = work.run("bf-verify", "scrub", "--json")
    cases.expect(f"{name}: found", found, support.STORAGE)
    findings = [f for part in found.json()["parts"] for f in part["findings"]]
    named = [f["file"] for f in findings]
    cases.check(f"{name}: named", any(n.endswith("/" + file) for n in named), named)
    cases.check(f"{name}: looking writes nothing", snapshot_of(work) == files)

    repaired = work.run("bf-verify", "scrub", "--repair")
    cases.expect(f"{name}: repaired", repaired, support.COMPLETE, "damaged: ", file)
    cases.expect(f"{name}: clean", work.run("bf-verify", "scrub"), support.COMPLETE, " 0 damaged")
    cases.expect(f"{name}: check", work.run("bf-verify", "check"), support.COMPLETE)
    lost = [r for f in findings for r in f["lost"]]
    gaps = work.run("bf-verify", "gaps", *SERIES, *RANGE)
    cases.expect(f"{name}: missing", gaps, support.MISSING if lost else support.COMPLETE)
    healed = work.run("bf-engine", "run", *flags)
    cases.expect(f"{name}: healed", healed, support.COMPLETE)
    cases.check(f"{name}: the export is what it was", export(work) == before)


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        cases.expect("no store", work.run("bf-verify", "scrub"), support.USAGE, "no store")
        with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
            flags = [*SERIES, *RANGE, *simulator.sources(), "--source", "rest"]
            done = work.run("bf-engine", "run", *flags)
            cases.expect("run", done, support.COMPLETE)
            before = export(work)
            cases.check("there is something to lose", len(before.splitlines()) > 10_000)
            cases.expect("a whole store", work.run("bf-verify", "scrub"), support.COMPLETE)
            whole = work.path / "whole"
            shutil.copytree(work.path / "bf-store", whole)
            for name in damages(work.path / DIRECTORY):
                shutil.rmtree(work.path / "bf-store")
                shutil.copytree(whole, work.path / "bf-store")
                try_damage(cases, work, flags, name, before)

            store_file = work.path / "bf-store" / "STORE"
            change_byte(store_file, 9)
            cases.expect("STORE: found", work.run("bf-verify", "scrub"), support.STORAGE, "STORE")
            repaired = work.run("bf-verify", "scrub", "--repair")
            cases.expect("STORE: repaired", repaired, support.COMPLETE, "kept: quarantine/STORE")
            cases.expect("STORE: check", work.run("bf-verify", "check"), support.COMPLETE)
    cases.end()


if __name__ == "__main__":
    main()
