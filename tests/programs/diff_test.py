#!/usr/bin/env python3
"""bf-verify diff, through the command line.

Goal: what a store holds is compared with its own exchange, its archive and another exchange; differences
are counted and listed in ticks and percent, and make exit 4; nothing is written.
Method: bf-sim generates the candles that a store holds, and then others of another seed.
"""

import support

NOW = "2024-06-01T00:00:30Z"
RANGE = ["--from", "2024-05-20", "--to", "2024-05-23"]
ROWS = 3 * 1440
SELECTION = ["--exchange", "binance", "--market", "um", "--symbol", "S000USDT"]


def sources(sim):
    others = [f"--base-url={name}={sim.url}" for name in ("okx", "bybit", "deribit")]
    return [*sim.sources(), *others]


def store_bytes(work):
    files = sorted((work.path / "bf-store").rglob("*"))
    return {file: file.read_bytes() for file in files if file.is_file()}


def check_equal(cases, work, sim):
    for against in ("rest", "archive", "binance/um"):
        arguments = ["--against", against, *SELECTION, *sources(sim)]
        done = work.run("bf-verify", "diff", *arguments, "--json")
        if against == "binance/um":
            cases.expect("an exchange is not another one", done, support.USAGE, "--against rest")
            continue
        cases.expect(f"against {against}", done, support.COMPLETE)
        (series,) = done.json()["series"]
        whole = series["compared"] == series["equal"] == ROWS
        cases.check(f"{against}: every row is equal", whole, str(done))


def check_other_exchange(cases, work, sim):
    arguments = ["--against", "okx", *SELECTION, *sources(sim)]
    done = work.run("bf-verify", "diff", *arguments)
    cases.expect("against okx", done, support.QUALITY, "okx/swap/S000-USDT-SWAP rest", "ticks", "%")
    wide = ["--tolerance-ticks", "1e12", "--tolerance-percent", "100", "--limit", "0", "--json"]
    done = work.run("bf-verify", "diff", *arguments, *wide)
    cases.expect("within tolerances", done, support.COMPLETE)
    (series,) = done.json()["series"]
    cases.check("all rows are compared", series["compared"] == ROWS, str(done))
    cases.check("none is listed", series["differences"] == [], str(done))
    done = work.run("bf-verify", "diff", "--against", "deribit", *SELECTION, *sources(sim))
    cases.check("who does not have it is named", "deribit has no instrument" in done.err, str(done))


def check_chained(cases, work):
    """Of a store that two exchanges filled, each is compared with its own rows and the other's."""
    generated = ["--generate", 7, "--symbols", 6, "--varied-lives", "--now", NOW]
    with support.Simulator(work, *generated) as sim:
        urls = [f"--base-url={name}={sim.url}" for name in ("okx", "blofin")]
        series = ["--exchange", "okx", "--symbol", "S003/USDT:USDT", "--store", "chained"]
        asked = ["--from", "2020-06-07", "--to", "2020-06-10", "--fallback", "blofin"]
        work.run("bf-engine", "run", *series, *asked, *urls)
        own = work.run("bf-verify", "diff", "--against", "rest", *series, *urls, "--json")
    cases.expect("own rows, and what the other filled", own, support.QUALITY)
    (found,) = own.json()["series"]
    cases.check("own rows are equal", found["compared"] == found["equal"] > 0, str(own))
    cases.check("the others are held alone", found["only_held"] > 0, str(own))


def check_revised(cases, work, sim):
    done = work.run("bf-verify", "diff", "--against", "rest", *SELECTION, *sources(sim), "--json")
    cases.expect("other candles", done, support.QUALITY)
    (series,) = done.json()["series"]
    cases.check("they differ", series["prices_differ"] > 0.9 * ROWS, str(done))
    cases.check("20 are listed", len(series["differences"]) == 20, str(done))
    first = series["differences"][0]
    cases.check("with both values", first["held"] and first["other"] and first["ticks"] > 0, first)


def main():
    support.require_programs("bf-engine", "bf-sim", "bf-verify")
    cases = support.Cases()
    generated = ["--symbols", 2, "--now", NOW, "--outage-every", "0"]
    with support.Workplace() as work:
        with support.Simulator(work, "--generate", 5, *generated) as sim:
            run = work.run("bf-engine", "run", *SELECTION, *RANGE, *sources(sim))
            cases.expect("a store is filled", run, support.COMPLETE)
            before = store_bytes(work)
            check_equal(cases, work, sim)
            check_other_exchange(cases, work, sim)
        with support.Simulator(work, "--generate", 6, *generated) as sim:
            check_revised(cases, work, sim)
        check_chained(cases, work)
        cases.check("nothing was written", store_bytes(work) == before)
        down = work.run("bf-verify", "diff", "--against", "rest", *SELECTION, *sources(sim))
        cases.expect("nobody there", down, support.TEMPORARY, "refused")
        for wrong in (["--against", "okex"], [], ["--against", "rest", "--tolerance-ticks", "x"]):
            done = work.run("bf-verify", "diff", *wrong)
            cases.expect(f"usage: {' '.join(wrong)}", done, support.USAGE)
    cases.end()


if __name__ == "__main__":
    main()
