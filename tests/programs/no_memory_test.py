#!/usr/bin/env python3
"""A run that finds no memory ends with words and exit code 1, and loses nothing.

Goal: wherever an allocation fails, on whatever thread, bf-engine says so and ends; the store is sound, and
a run with memory completes it. Method: a library loaded before the program's own fails operator new from
the n-th time on; then the same with an address space that is too small, where threads, maps and the
allocations of C libraries fail as well. BF_FAULT_STRIDE=1 fails each n in turn (long); without it some.
"""

import itertools
import os
import resource

import support

STRIDE = int(os.environ.get("BF_FAULT_STRIDE", "0"))
GROWTH = 1.4
MIB = 1 << 20
# From too little for the program's libraries, of which the loader says so, to as much as a run needs.
ADDRESS_SPACES_MIB = range(12, 256, 2)
LOADER_FAILED = 127
SELECTION = [
    *("--exchange", "binance", "--market", "um", "--symbol", "S000USDT,S001USDT"),
    *("--interval", "1m", "--from", "2024-05-20", "--to", "2024-05-24"),
]
# The runs are many: their limit is not what is tested.
SIMULATED = [
    *("--generate", 3, "--symbols", 2, "--now", "2024-06-01T00:00:42Z"),
    *("--weight-limit", 10**6),
]


def numbers():
    if STRIDE:
        return itertools.count(1, STRIDE)
    return (int(GROWTH**power) for power in itertools.count(1))


def run_flags(sim, store):
    return [*SELECTION, "--source", "rest", "--store", store, *sim.sources()]


def expect_whole(cases, work, sim, name, store):
    """What the store has is right, and a run with memory completes it."""
    done = work.run("bf-engine", "run", *run_flags(sim, store), "-q")
    cases.expect(f"{name}: a run completes it", done, support.COMPLETE)
    cases.expect(
        f"{name}: the store is sound",
        work.run("bf-verify", "check", "--store", store, "--fail-on", "info"),
        support.COMPLETE,
    )
    diff = work.run(
        *("bf-verify", "diff", "--against", "rest", *SELECTION[:6], "--store", store),
        *sim.sources(),
    )
    cases.expect(f"{name}: it is the exchange's", diff, support.COMPLETE)


def check_every_allocation(cases, work, sim):
    library = support.bin_directory().parent / "tests" / "libfailing_new.so"
    if not library.exists():
        cases.skip("failing allocations", f"{library.name} was not built: a sanitizer has its own")
        return
    for number in numbers():
        store = f"allocation-{number}"
        ended = work.run(
            *("bf-engine", "run", *run_flags(sim, store), "-q"),
            env={"LD_PRELOAD": str(library), "BF_FAIL_ALLOCATION": str(number)},
        )
        if ended.code == support.COMPLETE:
            break
        name = f"allocation {number}"
        cases.expect(f"{name}: ends", ended, support.INTERNAL, "bf-engine: error: out of memory")
        expect_whole(cases, work, sim, name, store)


def check_small_address_spaces(cases, work, sim):
    if support.sanitized():
        cases.skip("small address spaces", "a sanitizer needs its own")
        return
    codes = []
    for size in ADDRESS_SPACES_MIB:
        name = f"{size} MiB"
        ended = work.run(
            *("bf-engine", "run", *run_flags(sim, f"space-{size}"), "-q"),
            preexec_fn=lambda size=size: resource.setrlimit(
                resource.RLIMIT_AS, (size * MIB, size * MIB)
            ),
        )
        codes.append(ended.code)
        if ended.code == LOADER_FAILED:
            continue
        if ended.code == support.COMPLETE:
            break
        # A file that cannot be mapped is an error of the store's.
        code = support.STORAGE if "Cannot allocate memory" in ended.out else support.INTERNAL
        said = () if code == support.STORAGE else ("bf-engine: error: ",)
        cases.expect(f"{name}: ends", ended, code, *said)
        expect_whole(cases, work, sim, name, f"space-{size}")
    cases.check("some end with an error", support.INTERNAL in codes, codes)
    cases.check("some is enough", codes[-1] == support.COMPLETE, codes)


def main():
    support.require_programs("bf-engine", "bf-sim", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work, support.Simulator(work, *SIMULATED) as sim:
        check_every_allocation(cases, work, sim)
        check_small_address_spaces(cases, work, sim)
    cases.end()


if __name__ == "__main__":
    main()
