"""bf-engine as a user runs it, into a new durable store, timed and checked."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from support import pages

TIMER = Path(__file__).with_name("timed.py")
COLUMNS = "open_time,open,high,low,close,volume,quote_volume,trades,taker_buy_base,taker_buy_quote"


@dataclass
class Usage:
    """What a program took."""

    code: int
    seconds: float
    cpu: float  # seconds of user and system time
    rss_mib: float  # at its peak
    output: bytes


def timed(command, **options):
    """Runs a program; its output is kept, its errors go where ours go."""
    with tempfile.NamedTemporaryFile() as figures:
        timer = [sys.executable, "-I", "-S", TIMER, figures.name, *command]
        done = subprocess.run(list(map(str, timer)), check=True, stdout=subprocess.PIPE, **options)
        return Usage(*json.load(figures), done.stdout)


class Engine:
    """Runs of `count` series of one market between pages.FROM and the series' end."""

    def __init__(self, work, build, series, count):
        self.work, self.build, self.series, self.count = work, build, series, count
        self.store = work / "store"

    @property
    def candles(self):
        return self.series.count * self.count

    def run(self, url, *flags, market="spot", source="rest"):
        """One run into a new store. Ends the bench where it did not hold every candle."""
        shutil.rmtree(self.store, ignore_errors=True)
        # What the run before used of a limit would hold up this one's first request.
        shutil.rmtree(self.work / "state", ignore_errors=True)
        command = [
            *(self.build / "bin/bf-engine", "run", "--exchange", "binance", "--market", market, "--all"),
            *("--from", pages.FROM, "--to", self.series.end, "--source", source),
            *("--base-url", f"binance/{market}={url}", "--store", self.store),
            *("--state-dir", self.work / "state", "--json", "-q", *flags),
        ]
        usage = timed(command)
        held = sum(one["held"] for one in json.loads(usage.output or b'{"series":[]}')["series"])
        if usage.code != 0 or held != self.candles:
            sys.exit(f"the run ended with {usage.code}; {held} of {self.candles} candles are held")
        return usage

    def check(self, market="spot"):
        """Ends the bench where the store does not hold exactly what was served, digit by digit."""
        expected = self.series.export().encode()
        command = [
            *(self.build / "bin/bf-export", "-", "--format", "csv", "--store", self.store, "-q"),
            *("--exchange", "binance", "--market", market, "--columns", COLUMNS, "--symbol"),
        ]
        for symbol in pages.symbols(self.count):
            exported = timed([*command, symbol]).output.partition(b"\n")[2]
            if exported != expected:
                sys.exit(f"{symbol}: the store does not hold what was served")
