#!/usr/bin/env python3
"""bf-sim plays every market for whoever asks over plain HTTP.

Goal: each market's server gives the page that was asked for, its list, and its own words for those who
break a limit.
Method: a table of targets; what a page holds is held against --truth-csv. A limit is broken by asking
until the answer is a refusal.
Usage: simulated_markets_test.py BIN_DIRECTORY
"""

import http.client
import json
from typing import NamedTuple

import support

NOW = "2024-06-01T00:00:30Z"
GENERATED = ("--generate", 7, "--symbols", 2, "--from", "2024-01-01")
BEGIN = 1_717_196_400_000  # an hour before NOW
END = BEGIN + 3 * 60_000
WINDOW = {"begin": BEGIN, "end": END, "last": END - 1, "before": BEGIN - 1,
          "begin_s": BEGIN // 1000, "end_s": END // 1000}  # fmt: skip
# What Bitunix' CDN lets through.
BROWSER = {"User-Agent": "Mozilla/5.0"}
# More requests than any of the limits has in its window, many times over.
REQUESTS_MAX = 20_000

KLINES = "klines?symbol={symbol}&interval=1m&startTime={begin}&endTime={last}"
CURSORS = "candles?instId={symbol}&bar=1m&before={before}&after={end}"
BYBIT = "/v5/market/kline?symbol={symbol}&interval=1&start={begin}&end={last}&category="
BYBIT_LIST = "/v5/market/instruments-info?category="
BITUNIX = "/api/v1/futures/market/"
DERIBIT = "/api/v2/public/"


def fields(*names):
    """Rows that are lists (by index) or objects (by name): [open time, close] of each."""
    return lambda rows: [[row[name] for name in names] for row in rows]


def yahoo_rows(answer):
    [result] = answer["chart"]["result"]
    closes = result["indicators"]["quote"][0]["close"]
    return [[time * 1000, close] for time, close in zip(result["timestamp"], closes)]


def deribit_rows(answer):
    return list(zip(answer["result"]["ticks"], answer["result"]["close"]))


class Market(NamedTuple):
    """What is asked of a market's server, and what it must say."""

    name: str
    symbol: str
    page: str
    rows: object  # the answer's [open time, close]
    list: str  # "" where it has none
    status: int  # of a refusal
    words: str  # in its body


def okx(market, symbol, kind):
    rows = fields(0, 4)
    return Market(f"okx/{market}", symbol, "/api/v5/market/" + CURSORS, lambda a: rows(a["data"]),
                  f"/api/v5/public/instruments?instType={kind}", 429, '"50011"')  # fmt: skip


def bybit(market, symbol):
    rows = fields(0, 4)
    return Market(f"bybit/{market}", symbol, BYBIT + market, lambda a: rows(a["result"]["list"]),
                  BYBIT_LIST + market, 403, "access too frequent")  # fmt: skip


MARKETS = [
    Market("binance/um", "S000USDT", "/fapi/v1/" + KLINES, fields(0, 4),
           "/fapi/v1/exchangeInfo", 429, '"code":-1003'),
    Market("binance/spot", "S001USDT", "/api/v3/" + KLINES, fields(0, 4),
           "/api/v3/exchangeInfo", 429, '"code":-1003'),
    okx("swap", "S000-USDT-SWAP", "SWAP"),
    okx("futures", "S001-USDT-491231", "FUTURES"),
    okx("spot", "S000-USDT", "SPOT"),
    bybit("linear", "S000USDT"),
    bybit("inverse", "S001USD"),
    bybit("spot", "S001USDT"),
    Market("blofin/swap", "S000-USDT", "/api/v1/market/" + CURSORS,
           lambda answer: fields(0, 4)(answer["data"]),
           "/api/v1/market/instruments", 429, '"429"'),
    Market("bitunix/futures", "S001USDT",
           BITUNIX + "kline?symbol={symbol}&interval=1m&startTime={begin}&endTime={end}",
           lambda answer: fields("time", "close")(answer["data"]),
           BITUNIX + "trading_pairs", 200, '"code":10006'),
    Market("deribit/futures", "S000_USDC-PERPETUAL",
           DERIBIT + "get_tradingview_chart_data?instrument_name={symbol}&resolution=1"
           "&start_timestamp={begin}&end_timestamp={last}",
           deribit_rows, DERIBIT + "get_instruments?currency=any&kind=future", 429, '"code":10028'),
    Market("yahoo/chart", "S000-USD", "/v8/finance/chart/{symbol}?interval=1m&period1={begin_s}"
           "&period2={end_s}",
           yahoo_rows, "", 429, "Too Many Requests"),
]  # fmt: skip


class Connection:
    """One that is kept, for requests in quick succession."""

    def __init__(self, simulator):
        self.http = http.client.HTTPConnection("127.0.0.1", simulator.port, timeout=30)

    def get(self, target):
        self.http.request("GET", target, headers=BROWSER)
        answer = self.http.getresponse()
        return answer.status, answer.read().decode()


def true_rows(work, market):
    series = f"{market.name}/{market.symbol}/1m"
    printed = work.run("bf-sim", *GENERATED, "--truth-csv", series, BEGIN, END)
    return [[int(row[0]), float(row[4])] for row in map(lambda s: s.split(","), printed.out.split())]


def numbers(rows):
    return sorted([int(time), float(close)] for time, close in rows)


def check_market(cases, work, market):
    page = market.page.format(symbol=market.symbol, **WINDOW)
    with support.Simulator(work, *GENERATED, "--now", NOW) as simulator:
        connection = Connection(simulator)
        status, body = connection.get(page)
        rows = numbers(market.rows(json.loads(body))) if status == 200 else []
        expected = true_rows(work, market)
        right = len(expected) == 3 and rows == expected
        cases.check(f"{market.name}: the page is the truth", right, f"{status} {body}")
        if market.list:
            status, body = connection.get(market.list)
            cases.check(f"{market.name}: the list names it", f'"{market.symbol}"' in body, body)
        served = 0
        while status == 200 and market.words not in body and served < REQUESTS_MAX:
            status, body = connection.get(page)
            served += 1
        refused = (status == market.status) and market.words in body
        cases.check(f"{market.name}: says when it is enough", refused, f"{served}: {status} {body}")


def main():
    support.require_programs("bf-sim")
    cases = support.Cases()
    with support.Workplace() as work:
        for market in MARKETS:
            check_market(cases, work, market)
    cases.end()


if __name__ == "__main__":
    main()
