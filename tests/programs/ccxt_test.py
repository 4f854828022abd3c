#!/usr/bin/env python3
"""A public client library pointed at bf-sim gets the right candles: ccxt, from the npm registry.

Goal: what a stranger's client makes of each simulated exchange is bf-sim's truth, page after page.
Method: the library loads the markets by itself and pages as it does on the exchange; its candles are
held against the fixture's file, or what --truth-csv prints. Limits are off: nobody's pace is tested.
Skipped, and says so, where node or npm is missing or the package cannot be installed.
"""

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path

import ccxt_package
import support

MINUTE = 60_000
FIXTURE_ROWS = 3_000  # more than one page of either market
FIXTURE_CLASSES = {"spot": "binance", "um": "binanceusdm"}
PAGES = 3.5

GENERATED = ("--generate", 7, "--symbols", 2, "--from", "2024-01-01")
# Far behind the newest bars of OKX, which has an endpoint of its own for those; and with an outage in it.
OLD = 1_713_484_800_000  # 2024-04-19

# Class of the library, series of bf-sim, rows of a page, how it is paged (ccxt_client.js). With `until` the
# library asks for windows up to that end, larger than a page: Binance gives the oldest rows of such a one,
# OKX, Bybit and Deribit the newest, so that all but a page is lost. For BloFin it knows no `since`.
PAGED = [
    ("binance", "binance/spot/S000USDT", 1_000, "forward"),
    ("binance", "binance/spot/S000USDT", 1_000, "paginate"),
    ("binance", "binance/spot/S001USDT", 1_000, "until"),
    ("binanceusdm", "binance/um/S001USDT", 1_000, "forward"),
    ("binanceusdm", "binance/um/S001USDT", 1_000, "paginate"),
    ("okx", "okx/swap/S000-USDT-SWAP", 300, "forward"),
    ("okx", "okx/futures/S001-USDT-491231", 300, "forward"),
    ("okx", "okx/spot/S000-USDT", 300, "forward"),
    ("okx", "okx/swap/S000-USDT-SWAP", 200, "paginate"),
    ("bybit", "bybit/linear/S000USDT", 1_000, "forward"),
    ("bybit", "bybit/inverse/S000USD", 1_000, "forward"),
    ("bybit", "bybit/spot/S001USDT", 1_000, "forward"),
    ("bybit", "bybit/linear/S001USDT", 1_000, "paginate"),
    ("blofin", "blofin/swap/S000-USDT", 1_440, "back"),
    ("deribit", "deribit/futures/S000_USDC-PERPETUAL", 5_000, "forward"),
    ("deribit", "deribit/futures/S001_USDC-PERPETUAL", 5_000, "paginate"),
]


def candles_of(lines):
    """[open time, open, high, low, close, volume] as the library gives them: numbers."""
    rows = (line.rstrip("\n").split(",") for line in lines if line[:1].isdigit())
    return [[int(row[0]), *map(float, row[1:6])] for row in rows]


def fixture_candles(series):
    with gzip.open(series.file, "rt", encoding="utf-8") as lines:
        return candles_of(lines)[:FIXTURE_ROWS]


def generated_candles(place, series, begin, end):
    printed = place.run("bf-sim", *GENERATED, "--truth-csv", f"{series}/1m", begin, end)
    return candles_of(printed.out.splitlines())


class Client:
    """The library, pointed at a simulator."""

    def __init__(self, modules, simulator):
        self.script = Path(__file__).with_name("ccxt_client.js")
        self.modules, self.url = modules, simulator.url

    def candles(self, name, series, begin, end, rows, how):
        """What it got, and what it complained of."""
        market, symbol = series.rsplit("/", maxsplit=1)
        kind = "spot" if market.endswith("/spot") else "contract"
        arguments = [name, self.url, kind, symbol, begin, end, rows, how]
        command = ["node", self.script, self.modules, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        return (json.loads(done.stdout)["candles"], "") if done.returncode == 0 else ([], done.stderr)


def check_fixtures(cases, place, modules):
    with support.Simulator(place, "--data", support.FIXTURES, "--no-limits") as simulator:
        client = Client(modules, simulator)
        for series in support.index():
            if series.interval != "1m" or series.symbol == "BTCUSDT":
                continue
            expected = fixture_candles(series)
            span = expected[0][0], expected[-1][0] + MINUTE
            name = FIXTURE_CLASSES[series.market]
            source = f"binance/{series.market}/{series.symbol}"
            got, error = client.candles(name, source, *span, 1_000, "forward")
            check_equal(cases, f"ccxt pages through {series}", got, expected, error)


def check_generated(cases, place, modules):
    with support.Simulator(place, *GENERATED, "--no-limits") as simulator:
        client = Client(modules, simulator)
        for name, series, rows, how in PAGED:
            minutes = int(rows * PAGES)
            begin = OLD
            if how == "paginate":
                begin = (int(time.time()) // 60 - minutes) * MINUTE
            end = begin + (minutes - 5) * MINUTE  # behind all that is still forming
            expected = generated_candles(place, series, begin, end)
            market, symbol = series.rsplit("/", maxsplit=1)
            before = len(simulator.requests("klines"))
            got, error = client.candles(name, series, begin, end, rows, how)
            check_equal(cases, f"ccxt's {name} pages {how} through {series}", got, expected, error)
            requests = simulator.requests("klines")
            pages = [entry for entry in requests[before:] if entry["market"] == market]
            cases.check(f"it took {len(pages)} pages", PAGES < len(pages) < 2 * PAGES + 1)


def check_equal(cases, name, got, expected, error):
    detail = error or f"{len(got)} candles instead of {len(expected)}, or other values"
    cases.check(name, len(expected) > 0 and got == expected, detail)


def main():
    support.require_programs("bf-sim")
    modules = ccxt_package.installed_modules()
    if modules is None:
        print(f"skipped: node, npm or the package ccxt@{ccxt_package.VERSION} is missing")
        return support.SKIPPED
    cases = support.Cases()
    with support.Workplace() as place:
        check_fixtures(cases, place, modules)
        check_generated(cases, place, modules)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
