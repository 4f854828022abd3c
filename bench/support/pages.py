"""Pages of real candles for the servers of the benches: 64 bodies of 1,000 rows, which follow each other
in time as often as a series is long. Times are minutes from FROM on; all else is the exchange's.
"""

import gzip
import json
import math
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MINUTE = 60_000
FROM = 1_672_531_200_000  # 2023-01-01
BODIES = 64
BODY_ROWS = 1_000
TEN = (1, 2, 3, 4, 5, 7, 8, 9, 10)  # fields of a row that are kept, beside its open time


def source_rows():
    """The rows of the bodies, one after another, as lists of their twelve texts."""
    rows = []
    for symbol in ("FILUSDT", "NEARUSDT"):
        with gzip.open(ROOT / f"fixtures/binance/um/{symbol}-1m.csv.gz", "rt") as lines:
            read = (line.rstrip("\n").split(",") for line in lines)
            rows += [row for row in read if row[0].isdigit()][: BODIES // 2 * BODY_ROWS]
    return rows


def timed(row, open_time):
    return [str(open_time), *row[1:6], str(open_time + MINUTE - 1), *row[7:12]]


def json_row(row):
    quoted = [f'"{value}"' for value in row]
    for field in (0, 6, 8):
        quoted[field] = row[field]
    return "[" + ",".join(quoted) + "]"


def trimmed(decimal):
    """As the store gives it back: without the zeros that say nothing."""
    return decimal.rstrip("0").rstrip(".") if "." in decimal else decimal


class Series:
    """The rows of one series of `count` minutes."""

    def __init__(self, count):
        self.count = count
        self.source = source_rows()

    def row(self, index):
        return timed(self.source[index % len(self.source)], FROM + index * MINUTE)

    @property
    def end(self):
        return FROM + self.count * MINUTE

    def export(self):
        """What bf-export makes of the ten columns, without its header line."""
        numbers = [",".join(trimmed(row[field]) for field in TEN) for row in self.source]
        lines = (f"{FROM + i * MINUTE},{numbers[i % len(numbers)]}" for i in range(self.count))
        return "".join(line + "\n" for line in lines)

    def closes(self, minutes):
        """The sum of the closes of the first `minutes`, going round at the series' end; of other programs'
        floating point, so a number to compare with roughly."""
        whole, rest = divmod(minutes, self.count)
        closes = [float(self.source[i % len(self.source)][4]) for i in range(self.count)]
        return math.fsum(closes) * whole + math.fsum(closes[:rest])

    def write_pages(self, folder, page_rows, zipped):
        """One file a page, named by its first open time; `zipped` makes a .gz beside each."""
        folder.mkdir(parents=True)
        for begin in range(0, self.count, page_rows):
            rows = range(begin, min(begin + page_rows, self.count))
            body = "[" + ",".join(json_row(self.row(i)) for i in rows) + "]"
            path = folder / f"{FROM + begin * MINUTE}.json"
            path.write_text(body)
            if zipped:
                path.with_suffix(".json.gz").write_bytes(gzip.compress(body.encode(), 6))
        self.write_first(folder)

    def write_first(self, folder):
        """What there is from the beginning of time: the first candle."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "0.json").write_text("[" + json_row(self.row(0)) + "]")

    def write_csv(self, path):
        with open(path, "w", encoding="ascii") as out:
            out.writelines(",".join(self.row(i)) + "\n" for i in range(self.count))


def symbols(count):
    return [f"P{index:03d}USDT" for index in range(count)]


def exchange_info(count):
    """A list of instruments whose limits are never reached."""
    listed = [
        {
            "symbol": name,
            "status": "TRADING",
            "contractType": "PERPETUAL",
            "baseAsset": name[:-4],
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "filters": [],
        }
        for name in symbols(count)
    ]
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 10**9},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 10**9},
    ]
    return json.dumps({"timezone": "UTC", "serverTime": FROM, "rateLimits": limits, "symbols": listed})
