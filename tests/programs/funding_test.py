#!/usr/bin/env python3
"""Funding from the exchange to a file.

Goal: what a simulated exchange has paid is what comes out of every program, for each exchange; a second run
asks for nothing; what does not go with events is refused by name.
Method: a store filled from bf-sim, and the truth that bf-sim prints.
"""

import csv
import json
from decimal import Decimal

import support

NOW, BEGIN, END = "2024-07-01T12:00:00Z", "2024-04-20T00:00:00Z", "2024-06-20T00:00:00Z"
TRUTH = ("--generate", 7, "--symbols", 4, "--from", "2024-04-01", "--outage-every", 20)
MARKETS = {
    "binance/um": ("S001USDT", "funding_rate,mark_price"),
    "okx/swap": ("S001-USDT-SWAP", "funding_rate"),
    "bybit/linear": ("S001USDT", "funding_rate"),
    "bybit/inverse": ("S001USD", "funding_rate"),
    "blofin/swap": ("S001-USDT", "funding_rate"),
    "deribit/futures": ("S001_USDC-PERPETUAL", "funding_rate,funding_hours,index_price"),
}


def of(where, *more):
    exchange, market = where.split("/")
    return ["--exchange", exchange, "--market", market, "--kind", "funding", *more]


def truth_of(work, where, symbol):
    series = f"{where}/{symbol}/events"
    shown = work.run("bf-sim", *TRUTH, "--truth-csv", series, BEGIN, END)
    return [line.split(",") for line in shown.out.splitlines()]


def same(row, event):
    time, rate, mark = event
    # What the exchange does not tell is empty, or has no column at all.
    told = row.get("mark_price", row.get("index_price", mark))
    marks = told == mark if "" in (told, mark) else Decimal(told) == Decimal(mark)
    return row["open_time"] == time and Decimal(row["funding_rate"]) == Decimal(rate) and marks


def check_market(cases, work, simulator, where, symbol, columns):
    exchange = where.split("/")[0]
    sources = ["--base-url", f"{exchange}={simulator.url}"]
    flags = [*of(where, "--all"), "--from", BEGIN, "--to", END, *sources]
    cases.expect(f"{where}: run", work.run("bf-engine", "run", *flags), support.COMPLETE)
    before = len(simulator.requests("funding"))
    again = work.run("bf-engine", "run", *flags, "--json")
    cases.expect(f"{where}: second run", again, support.COMPLETE)
    cases.check(f"{where}: it asks for nothing", len(simulator.requests("funding")) == before)
    report = again.json()["series"][0]
    cases.check(f"{where}: times are named", "missing_ms" in report and "missing" not in report)

    out = work.run("bf-export", "-", "--format", "csv", "-q", *of(where, "--symbol", symbol)).out
    cases.check(f"{where}: columns", out.startswith(f"open_time,{columns}\n"), out[:200])
    rows, events = list(csv.DictReader(out.splitlines())), truth_of(work, where, symbol)
    equal = len(rows) == len(events) > 0 and all(map(same, rows, events))
    cases.check(f"{where}: {len(events)} events as they were paid", equal, out[:500])


def check_store(cases, work):
    checked = work.run("bf-verify", "check", "--kind", "funding")
    cases.expect("bf-verify check", checked, support.COMPLETE, "/funding/events", "0 errors")
    status = work.run("bf-engine", "status", "--json").json()["series"]
    cases.check("status knows all series", len(status) == 24, len(status))
    gaps = work.run("bf-verify", "gaps", *of("okx/swap"), "--from", BEGIN, "--to", END, "--json")
    cases.expect("bf-verify gaps", gaps, support.COMPLETE)
    later = work.run("bf-verify", "gaps", *of("okx/swap"), "--from", END, "--to", "2024-06-22")
    cases.expect("gaps are times", later, support.MISSING, "2 d 0 h", "of events missing")
    compacted = work.run("bf-engine", "compact", "--kind", "funding")
    cases.expect("compact", compacted, support.COMPLETE)
    lines = work.run("bf-export", "-", "--format", "jsonl", "-q", *of("okx/swap"), "--columns",
                     "series,open_time,funding_rate,mark_price,source").out.splitlines()  # fmt: skip
    first = json.loads(lines[0])
    told = first["mark_price"] is None and first["source"] == "okx rest"
    cases.check("JSON has null for what was not told", told, lines[0])


def check_fill(cases, work, simulator):
    fill = ("bf-engine", "fill", "--lookback", "30d", *of("bybit/linear"))
    fill += ("--base-url", f"bybit={simulator.url}", "--json")
    filled = work.run(*fill)
    cases.expect("fill", filled, support.COMPLETE)
    counts = {one["series"]: one["rows_stored"] for one in filled.json()["series"]}
    hourly = counts.get("bybit/linear/S003USDT/funding/events", 0)
    cases.check("fill brings what has been paid since", 250 <= hourly <= 290, counts)


def check_refusals(cases, work):
    def refused(name, words, program, *arguments):
        outcome = work.run(program, *arguments)
        cases.expect(name, outcome, support.USAGE, *words)

    run = ("bf-engine", "run", "--exchange", "binance", "--symbol", "X", "--days", 1)
    refused("an interval", ["--interval 1h"], *run, "--kind", "funding", "--interval", "1h")
    refused("events of candles", ["--interval events"], *run, "--interval", "events")
    refused("a market without", ["has no funding"], *run, "--market", "spot", "--kind", "funding")
    export = ("bf-export", "-", "--format", "csv", *of("okx/swap"))
    refused("--gaps", ["--gaps"], *export, "--gaps", "null")
    refused("--resample", ["--resample"], *export, "--resample", "1d")
    refused("close_time", ["close_time"], *export, "--columns", "open_time,close_time")
    (work.path / "rows.csv").write_text("time,open,high,low,close\n", encoding="utf-8")
    refused("import", ["--interval events"], "bf-engine", "import", "rows.csv", "--as",
            "binance/um/X", "--interval", "events")  # fmt: skip


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        with support.Simulator(work, *TRUTH, "--now", NOW) as simulator:
            for where, (symbol, columns) in MARKETS.items():
                check_market(cases, work, simulator, where, symbol, columns)
            check_store(cases, work)
            check_fill(cases, work, simulator)
            check_refusals(cases, work)
            limited = [entry for entry in simulator.requests() if entry["status"] in (403, 418, 429)]
            cases.check("no request was limited", not limited, str(limited[:3]))
    cases.end()


if __name__ == "__main__":
    main()
