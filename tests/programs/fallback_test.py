#!/usr/bin/env python3
"""A chain of fallbacks, through the command line.

Goal: a source that refuses this address is said once, with what to do; its series are filled by the
exchanges that --fallback or bf.toml name; the report, the status and an export say which candle came
from where; the own exchange's candles replace the others as soon as it can be asked.
Method: bf-sim plays all exchanges, BloFin's candles behind a fault that goes away.
"""

import collections
import csv

import support

NOW = "2024-06-01T00:00:30Z"
RANGE = ["--from", "2024-05-20", "--to", "2024-05-21"]
MINUTES = 1440


def run(work, url, *arguments):
    sources = [f"--base-url={name}={url}" for name in ("blofin", "okx", "bybit")]
    selection = ["--exchange", "blofin", "--symbol", "S000-USDT", *RANGE]
    return work.run("bf-engine", "run", *selection, *sources, *arguments)


def rows_by_source(outcome):
    (series,) = outcome.json()["series"]
    return series["rows_by_source"]


def exported(work):
    target = work.path / "out.csv"
    columns = "open_time,close,source"
    work.run("bf-export", target, "--columns", columns, "--force")
    with open(target, encoding="utf-8") as file:
        return collections.Counter(row["source"] for row in csv.DictReader(file))


def check_chain(cases, work):
    blocked = ["--fault", "klines market=blofin/swap status=451"]
    generated = ["--generate", "5", "--now", NOW, "--outage-every", "0"]
    with support.Simulator(work, *generated, *blocked) as sim:
        alone = run(work, sim.url)
        cases.expect("without a fallback", alone, support.TEMPORARY, "--proxy")
        chained = run(work, sim.url, "--fallback", "okx,bybit", "--json")
        cases.expect("with one", chained, support.COMPLETE)
        cases.check("all from OKX", rows_by_source(chained).get("okx rest") == MINUTES, str(chained))
        cases.check("and exported so", exported(work) == {"okx rest": MINUTES}, exported(work))
        wrong = run(work, sim.url, "--fallback", "okex")
        cases.expect("an unknown one", wrong, support.USAGE, 'did you mean "okx"')

    config = work.path / "bf.toml"
    config.write_text('[fallback]\nblofin = ["okx", "bybit"]\n', encoding="utf-8")
    with support.Simulator(work, *generated) as sim:
        healed = run(work, sim.url, "--config", config, "--json")
        cases.expect("once it can be asked", healed, support.COMPLETE)
        cases.check("all from BloFin", rows_by_source(healed) == {"blofin rest": MINUTES}, str(healed))
        cases.check("and exported so", exported(work) == {"blofin rest": MINUTES}, exported(work))
        pages = len(sim.requests("klines"))
        again = run(work, sim.url, "--config", config, "--json")
        cases.expect("the next run", again, support.COMPLETE)
        cases.check("asks for no candle", len(sim.requests("klines")) == pages)


def check_older_history(cases, work):
    """Of two exchanges that list the same, one began later: its older history is the other's."""
    generated = ["--generate", "7", "--symbols", "6", "--varied-lives", "--now", NOW]
    with support.Simulator(work, *generated) as sim:
        urls = [f"--base-url={name}={sim.url}" for name in ("okx", "blofin")]
        done = work.run(
            *("bf-engine", "run", "--exchange", "okx", "--symbol", "S003/USDT:USDT", *urls),
            *("--from", "2020-06-07", "--to", "2020-06-10", "--fallback", "blofin", "--json"),
            *("--store", "older"),
        )
    cases.expect("older history", done, support.COMPLETE)
    rows = rows_by_source(done)
    cases.check("is the other's", set(rows) == {"okx rest", "blofin rest"}, rows)
    cases.check("and whole", sum(rows.values()) == 3 * MINUTES, rows)
    target = work.path / "older.csv"
    work.run("bf-export", target, "--columns", "open_time,source", "--store", "older")
    with open(target, encoding="utf-8") as file:
        held = collections.Counter(row["source"] for row in csv.DictReader(file))
    cases.check("and exported", held == rows, held)


def main():
    support.require_programs("bf-engine", "bf-export", "bf-sim")
    cases = support.Cases()
    with support.Workplace() as work:
        check_chain(cases, work)
        check_older_history(cases, work)
    cases.end()


if __name__ == "__main__":
    main()
