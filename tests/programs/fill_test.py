#!/usr/bin/env python3
"""Symbols by every name, fill, and what is remembered of runs, through the command line.

Goal: the same instrument is found by its own name, its canonical symbol and a glob; a symbols file mixes
markets and its mistakes are named by line; the ledger answers as of a date, and the archive's list feeds
it; fill leaves nothing missing of a store; every run and import is in the store's history.
Method: bf-sim generates symbols from a fixed time on; bf-engine and bf-verify run against it.
"""

import json

import support

NOW = "2024-06-01T00:00:30Z"
RANGE = ["--from", "2024-05-20", "--to", "2024-05-21"]


def series_of(outcome):
    return sorted(series["series"] for series in outcome.json()["series"])


def check_symbols(cases, work, sources):
    market = ["--exchange", "binance", "--market", "um"]
    listed = work.run("bf-engine", "symbols", *market, *sources, "--json")
    cases.expect("symbols are listed", listed, support.COMPLETE)
    symbols = listed.json()["symbols"]
    first = symbols[0]
    expected = f"{first['base']}/{first['quote']}:{first['settle']}"
    cases.check("with canonical symbol", first["canonical"] == expected, first)
    cases.check("and multiplier", first["multiplier"] == "1", first)
    shown = work.run("bf-engine", "symbols", *market, *sources)
    cases.expect("and shown", shown, support.COMPLETE, "canonical", "multiplier", expected)

    for name in (first["symbol"], first["canonical"], first["base"] + "/*"):
        run = work.run(
            *("bf-engine", "run", *market, "--symbol", name, *RANGE, *sources, "--json"),
            *("--source", "rest"),
        )
        cases.expect(f"a run of {name}", run, support.COMPLETE)
        cases.check(
            f"{name} is {first['symbol']}",
            series_of(run) == [f"binance/um/{first['symbol']}/candles/1m"],
            str(run),
        )
    held = work.run("bf-engine", "status", "--symbol", first["canonical"], "--json")
    cases.check("readers know the same names", len(held.json()["series"]) == 1, str(held))
    unknown = work.run("bf-engine", "run", *market, "--symbol", "NO*", *RANGE, *sources)
    cases.expect("a glob that matches nothing", unknown, support.USAGE, 'matches "NO*"')
    return first


def check_symbols_file(cases, work, sources, first):
    path = work.path / "list.txt"
    lines = ["# mixed", f"{first['canonical']} binance/um", f"{first['symbol']} binance/spot # too"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    run = work.run("bf-engine", "run", "--symbols-file", path, *RANGE, *sources, "--json")
    cases.expect("a symbols file of two markets", run, support.COMPLETE)
    names = [f"binance/{market}/{first['symbol']}/candles/1m" for market in ("spot", "um")]
    cases.check("both are fetched", series_of(run) == names, str(run))
    path.write_text("\n".join([*lines, "XRP* binance/um"]) + "\n", encoding="utf-8")
    run = work.run("bf-engine", "run", "--symbols-file", path, *RANGE, *sources)
    cases.expect("a line that names nothing", run, support.USAGE, "list.txt:4")
    path.write_text("\n".join([*lines, "BTCUSDT nowhere"]) + "\n", encoding="utf-8")
    run = work.run("bf-engine", "run", "--symbols-file", path, *RANGE, *sources)
    cases.expect("a line that cannot be read", run, support.USAGE, "list.txt:4", "nowhere")


def check_ledger(cases, work, sources, first):
    market = ["--exchange", "binance", "--market", "um"]
    store = ["--store", "ledger"]
    fresh = work.run("bf-engine", "symbols", *market, *store, "--refresh", *sources, "--json")
    cases.expect("a refresh", fresh, support.COMPLETE)
    offline = work.run("bf-engine", "symbols", *market, *store, "--offline", "--json")
    cases.check("the ledger has it", offline.json() == fresh.json(), str(offline))
    later = work.run("bf-engine", "symbols", *market, *store, "--as-of", "2199-01-01", "--json")
    cases.check("as of later too", later.json() == fresh.json(), str(later))
    before = work.run("bf-engine", "symbols", *market, *store, "--as-of", "2020-01-01")
    cases.expect("not as of before", before, support.USAGE, "knew no instruments")
    both = work.run("bf-engine", "symbols", *market, *store, "--refresh", "--as-of", "2020-01-01")
    cases.expect("refresh and as-of contradict", both, support.USAGE, "--as-of")
    ledger = (work.path / "ledger" / "instruments").read_text(encoding="utf-8")
    cases.check("the archive's list is in it", "\narchive\t" in ledger, ledger[-300:])
    cases.check("and the exchange's", "\nlist\t" in ledger and first["symbol"] in ledger)


def check_fill(cases, work, sources, first):
    # The simulator's clock is not ours: the lookback counts from its own now, 2024-06-01.
    filled = work.run("bf-engine", "fill", "--lookback", "2d", *sources, "--json")
    cases.expect("a fill", filled, support.COMPLETE)
    names = [f"binance/{market}/{first['symbol']}/candles/1m" for market in ("spot", "um")]
    cases.check("of every series", series_of(filled) == names, str(filled))
    for series in filled.json()["series"]:
        whole = series["missing"] == 0 and series["held"] > 2 * 1400
        cases.check(f"{series['series']} lacks nothing", whole, series)
        begins = series["wanted"]["from"].startswith("2024-05-3")
        cases.check(f"{series['series']} begins at the lookback", begins, series["wanted"])
    again = work.run("bf-engine", "fill", "--lookback", "30d", *sources, "--json")
    cases.expect("a longer one", again, support.COMPLETE)
    for series in again.json()["series"]:
        begins = series["wanted"]["from"] == "2024-05-20T00:00:00Z"
        cases.check(f"{series['series']} begins with its first candle", begins, series["wanted"])
    checked = work.run("bf-verify", "check")
    cases.expect("the store verifies", checked, support.COMPLETE)
    cases.expect(
        "a lookback that is none",
        work.run("bf-engine", "fill", "--lookback", "soon"),
        support.USAGE,
        "--lookback",
    )
    none = work.run("bf-engine", "fill", "--store", "nowhere")
    cases.expect("no store to fill", none, support.USAGE, "there is no store")


def check_history(cases, work):
    csv = work.path / "candles.csv"
    csv.write_text("time,open,high,low,close,volume\n1700000040000,1,2,0.5,1.5,3\n", encoding="utf-8")
    imported = work.run("bf-engine", "import", csv, "--as", "elsewhere/spot/XY")
    cases.expect("an import", imported, support.COMPLETE)
    told = work.run("bf-engine", "status", "--runs", "--json")
    cases.expect("the history", told, support.COMPLETE)
    runs = told.json()["runs"]
    commands = [run["command"] for run in runs]
    cases.check("has every command", {"run", "fill", "import"} == set(commands), commands)
    first, last = runs[0], runs[-1]
    cases.check(
        "the first run's record",
        first["exit"] == 0
        and 1400 < first["candles_stored"] <= 1440
        and first["requests"] > 0
        and first["range"] == {"from": "2024-05-20T00:00:00Z", "to": "2024-05-21T00:00:00Z"}
        and first["selection"].startswith("binance/um "),
        json.dumps(first, indent=1),
    )
    cases.check("the import's", last["candles_stored"] == 1 and "elsewhere" in last["selection"], last)
    failed = [run for run in runs if run["exit"] == support.USAGE]
    cases.check("a failed run has its reasons", failed and failed[0]["reasons"], runs)
    shown = work.run("bf-engine", "status", "--runs")
    cases.expect("as text", shown, support.COMPLETE, "began", "import", "elsewhere/spot/XY")
    before = len(runs)
    work.run("bf-engine", "status")
    work.run("bf-verify", "check")
    told = work.run("bf-engine", "status", "--runs", "--json")
    cases.check("readers leave no record", len(told.json()["runs"]) == before)
    warned = work.run("bf-engine", "fill", "--exchange", "elsewhere")
    cases.expect("what cannot be fetched is said", warned, support.COMPLETE, "not filled: elsewhere")
    scrubbed = work.run("bf-verify", "scrub")
    cases.expect("a scrub knows the file", scrubbed, support.COMPLETE)


def main():
    support.require_programs("bf-engine", "bf-sim", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        flags = ["--generate", 5, "--symbols", 2, "--now", NOW]
        with support.Simulator(work, *flags) as simulator:
            sources = simulator.sources()
            first = check_symbols(cases, work, sources)
            check_symbols_file(cases, work, sources, first)
            check_ledger(cases, work, sources, first)
            check_fill(cases, work, sources, first)
            check_history(cases, work)
    cases.end()


if __name__ == "__main__":
    main()
