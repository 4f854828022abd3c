#!/usr/bin/env python3
"""bf-export --resample folds candles exactly, as the exchange itself does.

Goal: BTCUSDT's minutes of 2023 come to the exchange's own bars of 15 minutes, an hour and a day, in
every column, digit by digit; a bar of fewer candles than it has slots is called partial.
Method: the fixtures against a fold in exact decimals; and, where the folder BF_DATA (or ../shared/data
beside the project) has the exchange's archives, the whole year against them. Without it that part is
skipped.
"""

import csv
import io
import lzma
import os
from decimal import Decimal
from pathlib import Path

import support

COLUMNS = [
    *("open_time", "open", "high", "low", "close", "volume"),
    *("quote_volume", "trades", "taker_buy_base", "taker_buy_quote"),
]
# Where an archive of Binance has them.
FIELDS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10]
MILLISECONDS = {"15m": 900_000, "1h": 3_600_000, "1d": 86_400_000}
DATA = Path(os.environ.get("BF_DATA", support.ROOT.parent / "shared" / "data"))
YEAR = DATA / "binance-spot" / "BTCUSDT-1m-2023.csv.xz"


def exported(work, symbol, *flags):
    done = work.run(
        *("bf-export", "-", "--format", "csv", "--exchange", "binance", "--market", "spot"),
        *("--symbol", symbol, "--interval", "1m", "--quiet", *flags),
    )
    return list(csv.DictReader(io.StringIO(done.out))), done


def numbers(row):
    return [Decimal(row[name]) for name in COLUMNS]


def fold(rows, length):
    """Bars of exact decimals, each with how many candles it is made of."""
    bars = {}
    for row in rows:
        values = numbers(row)
        begin = values[0] - values[0] % length
        if begin not in bars:
            bars[begin] = [[begin, *values[1:]], 1]
            continue
        bar, _ = bars[begin]
        bar[2], bar[3], bar[4] = max(bar[2], values[2]), min(bar[3], values[3]), values[4]
        for at in range(5, len(COLUMNS)):
            bar[at] += values[at]
        bars[begin][1] += 1
    return list(bars.values())


def fixtures(work, cases):
    file = support.FIXTURES / "binance" / "spot" / "BTCUSDT-1m.csv.gz"
    cases.expect(
        "import",
        work.run("bf-engine", "import", file, "--as", "binance/spot/FIXTURE"),
        support.COMPLETE,
    )
    minutes, _ = exported(work, "FIXTURE", "--columns", ",".join(COLUMNS))
    for interval, length in MILLISECONDS.items():
        bars, _ = exported(work, "FIXTURE", "--resample", interval)
        wanted = fold(minutes, length)
        cases.check(
            f"{interval}: exact",
            bars and [numbers(bar) for bar in bars] == [bar for bar, _ in wanted],
        )
        states = ["partial" if count < length // 60_000 else "held" for _, count in wanted]
        cases.check(f"{interval}: what is partial", [bar["state"] for bar in bars] == states)
        cases.check(f"{interval}: some are whole", "held" in states or interval == "1d", states)


def own_bars(interval):
    """The exchange's own bars of 2023, where there is a file of them."""
    for path in sorted((DATA / "binance-spot").glob(f"BTCUSDT-{interval}-2023*.csv.xz")):
        with lzma.open(path, "rt") as lines:
            for line in csv.reader(lines):
                if line[0].isdigit():
                    yield [Decimal(line[at]) for at in FIELDS]


def year(work, cases):
    if not YEAR.exists():
        cases.skip("BTCUSDT 2023 against the exchange's bars", f"{YEAR} is not there")
        return
    text = work.path / "minutes.csv"
    text.write_bytes(lzma.decompress(YEAR.read_bytes()))
    cases.expect(
        "import of 2023",
        work.run("bf-engine", "import", text, "--as", "binance/spot/BTCUSDT"),
        support.COMPLETE,
    )
    for interval in MILLISECONDS:
        bars, _ = exported(work, "BTCUSDT", "--resample", interval)
        ours = {row[0]: row for row in map(numbers, bars)}
        theirs = list(own_bars(interval))
        wrong = [bar for bar in theirs if ours.get(bar[0]) != bar]
        cases.check(
            f"{interval}: {len(theirs)} bars are the exchange's own", theirs and not wrong, wrong[:2]
        )


def refusals(work, cases):
    for name, flags, said in (
        ("a shorter interval", ("--resample", "1m"), "cannot be folded"),
        ("an unknown one", ("--resample", "7m"), "unknown interval"),
        ("gaps", ("--resample", "1h", "--gaps", "null"), "--gaps"),
        ("a source", ("--resample", "1h", "--columns", "open_time,source"), "source"),
    ):
        _, done = exported(work, "FIXTURE", *flags)
        cases.expect(f"refuses {name}", done, support.USAGE, said)


def main():
    support.require_programs("bf-engine", "bf-export")
    cases = support.Cases()
    with support.Workplace() as work:
        fixtures(work, cases)
        refusals(work, cases)
        year(work, cases)
    cases.end()


if __name__ == "__main__":
    main()
