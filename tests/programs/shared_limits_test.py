#!/usr/bin/env python3
"""One rate limit for all processes of a machine, through the command line.

Goal: two runs at once, into two stores, and a diff right behind them, draw no 429; what is wrong with the
file they share is named; a limit that an exchange publishes holds for the next run as well; files that
nobody needs are removed. (How much of a limit they use: tests/limits/shared_budget_test.cpp.)
Method: bf-sim refuses by the documented limits, and its ledger has every request.
"""

import subprocess

import support

NOW = "2024-06-01T00:00:42Z"
OKX_REQUESTS = 20  # in two seconds
WEIGHT = 100
REFUSED = (403, 418, 429)


def selection(exchange, market, symbol, begin):
    return [
        *("--exchange", exchange, "--market", market, "--symbol", symbol, "--source", "rest"),
        *("--from", begin, "--to", "2024-05-31", "--interval", "1m"),
    ]


def refused(sim):
    return [entry for entry in sim.requests() if entry["status"] in REFUSED]


def run_two(cases, work, name, sim, flags):
    """Two processes at once, each with a store of its own."""
    both = [
        work.start(
            *("bf-engine", "run", *flag, "--store", f"{name}-{number}", *sources(sim), "-q"),
            stdout=subprocess.DEVNULL,
        )
        for number, flag in enumerate(flags)
    ]
    codes = [process.wait(support.RUN_SECONDS_MAX) for process in both]
    cases.check(f"{name}: both are complete", codes == [0, 0], codes)
    cases.check(f"{name}: nothing is refused", not refused(sim), refused(sim)[:3])


def sources(sim):
    return [*sim.sources(), "--base-url", f"okx={sim.url}"]


def check_okx(cases, work):
    generated = ["--generate", 5, "--symbols", 2, "--now", NOW, "--outage-every", 0]
    with support.Simulator(work, *generated) as sim:
        flags = [
            selection("okx", "swap", "S000-USDT-SWAP", "2024-05-26"),
            selection("okx", "swap", "S001-USDT-SWAP", "2024-05-26"),
        ]
        run_two(cases, work, "okx", sim, flags)
        pages = len(sim.requests("klines"))
        cases.check("okx: more than one window lets through", pages > 2 * OKX_REQUESTS, pages)
        diff = work.run(
            *("bf-verify", "diff", "--against", "rest", *flags[0][:6], "--store", "okx-0"),
            *sources(sim),
        )
        cases.expect("okx: a diff right behind", diff, support.COMPLETE)
        cases.check("okx: draws no refusal either", not refused(sim), refused(sim)[:3])


def check_binance(cases, work):
    generated = ["--generate", 5, "--symbols", 2, "--now", NOW, "--outage-every", 0]
    with support.Simulator(work, *generated, "--weight-limit", WEIGHT) as sim:
        flags = [
            selection("binance", "um", "S000USDT", "2024-05-22"),
            selection("binance", "um", "S001USDT", "2024-05-22"),
        ]
        run_two(cases, work, "binance", sim, flags)
        weight = sum(entry["weight"] for entry in sim.requests())
        cases.check("binance: more than one minute lets through", weight > WEIGHT, weight)


def check_published(cases, work):
    """The second run asks for no list, so it knows of the lower limit by the first one alone."""
    generated = ["--generate", 5, "--symbols", 1, "--outage-every", 0]
    with support.Simulator(work, *generated, "--weight-limit", WEIGHT) as sim:
        run = ["bf-engine", "run", *sources(sim), "-q", "--store", "published"]
        run += ["--exchange", "binance", "--market", "um", "--symbol", "S000USDT", "--source", "rest"]
        first = work.run(*run, "--from", "2024-05-30", "--to", "2024-05-31")
        cases.expect("published: the first run", first, support.COMPLETE)
        lists = len(sim.requests("exchangeInfo"))
        second = work.run(*run, "--from", "2024-05-10", "--to", "2024-05-31")
        cases.expect("published: the second run", second, support.COMPLETE)
        again = len(sim.requests("exchangeInfo")) - lists
        cases.check("published: it asked for no list", lists > 0 and again == 0, again)
        weight = sum(entry["weight"] for entry in sim.requests())
        cases.check("published: more than one minute lets through", weight > WEIGHT, weight)
        cases.check("published: nothing is refused", not refused(sim), refused(sim)[:3])


def check_unused(cases, work):
    """A file that nobody uses and that says nothing is gone after the next run, ours is there."""
    unused = work.path / "state" / "budget-okx-127.0.0.1-1-direct-0123456789abcdef"
    unused.write_bytes(bytes(128 * 1024))
    generated = ["--generate", 5, "--symbols", 1, "--now", NOW]
    with support.Simulator(work, *generated) as sim:
        flags = [*selection("okx", "swap", "S000-USDT-SWAP", "2024-05-30"), *sources(sim)]
        cases.expect("unused: a run", work.run("bf-engine", "run", *flags), support.COMPLETE)
        ours = list((work.path / "state").glob(f"budget-okx-127.0.0.1-{sim.port}-direct-*"))
        cases.check("unused: ours is kept", len(ours) == 1, ours)
    cases.check("unused: the other file is removed", not unused.exists())


def check_broken(cases, work):
    generated = ["--generate", 5, "--symbols", 1, "--now", NOW]
    with support.Simulator(work, *generated) as sim:
        flags = [*selection("okx", "swap", "S000-USDT-SWAP", "2024-05-30"), *sources(sim)]
        work.run("bf-engine", "run", *flags)
        name = f"budget-okx-127.0.0.1-{sim.port}-direct-*"
        files = list((work.path / "state").glob(name))
        if not cases.check("the file is there", len(files) == 1, files):
            return
        files[0].write_bytes(b"bfbudget" + (7).to_bytes(8, "little"))
        newer = work.run("bf-engine", "run", *flags, "--from", "2024-05-20")
        said = newer.out + newer.err
        named = files[0].name in said and "newer version" in said
        cases.check("a newer version's file is named", newer.code != 0 and named, str(newer))
        state = work.path / "not-a-directory"
        state.write_text("", encoding="utf-8")
        wrong = work.run("bf-engine", "run", *flags, "--state-dir", state)
        named = str(state) in wrong.out + wrong.err
        cases.check("a state directory that is none", wrong.code != 0 and named, str(wrong))


def main():
    support.require_programs("bf-engine", "bf-sim", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        check_okx(cases, work)
        check_binance(cases, work)
        check_published(cases, work)
        check_unused(cases, work)
        check_broken(cases, work)
    cases.end()


if __name__ == "__main__":
    main()
