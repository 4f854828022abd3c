"""Pages of 1,000 candles by aiohttp and json, a dictionary a candle, as scripts do it:
aiohttp_fetch.py URL FROM_MS PAGES_OF_A_SERIES REQUESTS AT_ONCE [CA_FILE]
Prints what it took and what it got: {seconds, cpu, candles, closes}."""

import asyncio
import json
import ssl
import sys
import time

import aiohttp

ROWS, MINUTE = 1_000, 60_000


def candle(row):
    return {
        "time": row[0],
        "open": float(row[1]),
        "high": float(row[2]),
        "low": float(row[3]),
        "close": float(row[4]),
        "volume": float(row[5]),
        "quote_volume": float(row[7]),
        "trades": row[8],
        "taker_buy_base": float(row[9]),
        "taker_buy_quote": float(row[10]),
    }


class Fetch:
    def __init__(self, url, begin, pages, requests):
        self.url, self.begin, self.pages = url, begin, pages
        self.numbers = iter(range(requests))
        self.candles, self.closes = 0, 0.0

    async def run(self, session):
        for number in self.numbers:
            since = self.begin + number % self.pages * ROWS * MINUTE
            query = f"symbol=P000USDT&interval=1m&limit={ROWS}&startTime={since}"
            async with session.get(f"{self.url}/fapi/v1/klines?{query}") as response:
                candles = [candle(row) for row in json.loads(await response.read())]
            self.candles += len(candles)
            self.closes += sum(one["close"] for one in candles)


async def main():
    url, begin, pages, requests, at_once, *ca_file = sys.argv[1:]
    trusted = ssl.create_default_context(cafile=ca_file[0]) if ca_file else None
    connector = aiohttp.TCPConnector(limit=int(at_once), ssl=trusted)
    fetch = Fetch(url, int(begin), int(pages), int(requests))
    async with aiohttp.ClientSession(connector=connector) as session:
        cpu, began = time.process_time(), time.monotonic()
        await asyncio.gather(*(fetch.run(session) for _ in range(int(at_once))))
        took = {"seconds": time.monotonic() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(took | {"candles": fetch.candles, "closes": fetch.closes}))


asyncio.run(main())
