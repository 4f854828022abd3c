#!/usr/bin/env python3
"""`bf-engine sources` says which sources can be used, and why another cannot.

Goal: each state is told with what to do about it, as text and as JSON, with the exit code that it stands
for; who has banned this address is not asked.
Method: bf-sim plays all exchanges, with one fault at a time; the ledger says what was asked.
Usage: sources_test.py BIN_DIRECTORY
"""

import support

EXCHANGES = ["binance", "okx", "bybit", "blofin", "bitunix", "deribit", "yahoo"]
MARKETS = 12
ARCHIVES = 2
SERVERS = 9  # OKX' three markets share one, Bybit's too, and both archives


def addresses(simulator, *exchanges):
    """The flags that send the requests to these exchanges (all) here."""
    urls = ",".join(f"{name}={simulator.url}" for name in exchanges or EXCHANGES)
    return ["--base-url", urls, "--archive-url", f"binance={simulator.url}/archive"]


def by_name(outcome):
    return {source["source"]: source for source in outcome.json()["sources"]}


def check_all(cases, work):
    with support.Simulator(work, "--generate", 7) as simulator:
        told = work.run("bf-engine", "sources", *addresses(simulator))
        cases.expect("all of them", told, support.COMPLETE, "binance/um archive", "okx/swap, futures")
        cases.check("each server is asked once", len(simulator.requests()) == SERVERS)
        told = work.run("bf-engine", "sources", *addresses(simulator), "--json")
        sources = by_name(told) if told.code == 0 else {}
        cases.check("all in the report", len(sources) == MARKETS + ARCHIVES, told)
        usable = [name for name, source in sources.items() if source["state"] == "reachable"]
        cases.check("all of them reachable", len(usable) == len(sources), told)
        um = sources["binance/um"]
        limit = {"name": "weight per minute", "allowed": 2400, "ceiling": 2400, "counted_by": "server"}
        cases.check("its limit", limit.items() <= um["limits"][0].items(), um)
        cases.check("its page", (um["page_rows"], um["candles_per_minute"]) == (499, 598_800), um)
        cases.check("its clock", abs(um["clock_offset_ms"]) <= um["clock_uncertainty_ms"], um)
        half = work.run("bf-engine", "sources", *addresses(simulator), "--json", "--exchange",
                        "binance,okx", "--max-weight", "50%")  # fmt: skip
        sources = by_name(half)
        cases.check("those that were named", list(sources) == ["binance/um", "binance/um archive",
                    "binance/spot", "binance/spot archive", "okx/swap", "okx/futures", "okx/spot"])  # fmt: skip
        cases.check("half of the limits", sources["okx/swap"]["limits"][0]["allowed"] == 10, half)


def check_troubles(cases, work):
    def ask(simulator, *more):
        return work.run("bf-engine", "sources", *addresses(simulator), *more)

    um = ["--exchange", "binance", "--market", "um"]
    for status in (403, 451):
        with support.Simulator(work, "--generate", 7, "--fault", f"time status={status}") as simulator:
            told = ask(simulator, *um)
            words = ("blocked", f"HTTP {status}", "--proxy")
            cases.expect(f"HTTP {status} is blocked", told, support.TEMPORARY, *words)
    fault = ["--fault", "time status=418 retry_after=1000"]
    with support.Simulator(work, "--generate", 7, *fault) as simulator:
        told = ask(simulator, *um)
        cases.expect("a ban", told, support.TEMPORARY, "banned until", "418")
        before = len(simulator.requests("time"))
        told = ask(simulator, *um, "--json")
        banned = by_name(told)["binance/um"]
        cases.check("it is remembered", banned["state"] == "banned" and banned["until"], told)
        asked = banned["asked"] or len(simulator.requests("time")) > before
        cases.check("who is banned does not ask", not asked, told)
        cases.check("its archive can be used", by_name(told)["binance/um archive"]["asked"], told)
    # The port of the one that has ended; its ban stands for that address.
    told = ask(simulator, "--exchange", "okx", "--state-dir", work.path / "other-state")
    cases.expect("nobody there", told, support.TEMPORARY, "unreachable", "refused")


def main():
    support.require_programs("bf-sim", "bf-engine")
    cases = support.Cases()
    with support.Workplace() as work:
        check_all(cases, work)
        check_troubles(cases, work)
        wrong = work.run("bf-engine", "sources", "--exchange", "binanse")
        cases.expect("an unknown exchange", wrong, support.USAGE, 'did you mean "binance"')
        wrong = work.run("bf-engine", "sources", "--market", "um")
        cases.expect("a market of none", wrong, support.USAGE, "--exchange binance --market um")
    cases.end()


if __name__ == "__main__":
    main()
