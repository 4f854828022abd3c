#!/usr/bin/env python3
"""A public client library pointed at bf-sim gets the right candles: ccxt, from the npm registry.

Skipped, and says so, where node or npm is missing or the package cannot be installed.
"""

import gzip
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import support

VERSION = "4.5.84"
CLASSES = {"spot": "binance", "um": "binanceusdm"}
ROWS = 3_000  # more than one page of either market
PAGE_ROWS = 1_000


def installed_modules():
    """The folder node_modules with ccxt in it, kept between runs; None where it cannot be had."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / f"bf-test/ccxt-{VERSION}"
    modules = cache / "node_modules"
    if (modules / "ccxt").is_dir():
        return modules
    if not shutil.which("node") or not shutil.which("npm"):
        return None
    cache.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", cache, "--no-audit", "--no-fund", "--silent"]
    done = subprocess.run([*command, f"ccxt@{VERSION}"], check=False, timeout=300)
    return modules if done.returncode == 0 else None


def fixture_candles(series):
    """[open time, open, high, low, close, volume] as the library gives them: numbers."""
    with gzip.open(series.file, "rt", encoding="utf-8") as lines:
        rows = (line.rstrip("\n").split(",") for line in lines)
        numeric = [row for row in rows if row[0].isdigit()]
    return [[int(row[0]), *map(float, row[1:6])] for row in numeric[:ROWS]]


def fetched_candles(modules, simulator, series, begin, end):
    client = Path(__file__).with_name("ccxt_client.js")
    command = ["node", client, modules, CLASSES[series.market], simulator.url, series.symbol,
               str(begin), str(end), str(PAGE_ROWS)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return (json.loads(done.stdout)["candles"], "") if done.returncode == 0 else ([], done.stderr)


def main():
    support.require_programs("bf-sim")
    modules = installed_modules()
    if modules is None:
        print(f"skipped: node, npm or the package ccxt@{VERSION} is missing")
        return support.SKIPPED
    cases = support.Cases()
    with support.Workplace() as place:
        with support.Simulator(place, "--data", support.FIXTURES) as simulator:
            for series in support.index():
                if series.interval != "1m" or series.symbol == "BTCUSDT":
                    continue
                expected = fixture_candles(series)
                end = expected[-1][0] + 60_000
                got, error = fetched_candles(modules, simulator, series, expected[0][0], end)
                detail = error or f"{len(got)} candles instead of {len(expected)}, or other values"
                cases.check(f"ccxt pages through {series}", got == expected, detail)
    return cases.end()


if __name__ == "__main__":
    sys.exit(main())
