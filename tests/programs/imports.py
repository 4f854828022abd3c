"""What the tests of bf-engine import share: small files, and an import with what became of it."""

import csv
import io

import support

START = 1_585_267_200_000  # 2020-03-27T00:00:00Z
MINUTE = 60_000
HEADER = "timestamp,open,high,low,close,volume\n"


def minute(n):
    return START + n * MINUTE


def line(n, volume="7", low="0.5"):
    """The candle of minute n, as most tools write it."""
    return f"{minute(n)},1,3,{low},2,{volume}\n"


class Imports:
    """Imports into one store, and what it holds of a series."""

    def __init__(self, work, cases):
        self.work, self.cases = work, cases

    def run(self, text, series, *flags):
        """Imports a text, bytes, or the path of a file."""
        path = text
        if isinstance(text, (str, bytes)):
            path = self.work.path / "candles"
            path.write_bytes(text.encode() if isinstance(text, str) else text)
        return self.work.run("bf-engine", "import", path, "--as", series, "--json", *flags)

    def stores(self, name, text, series, *flags, **wanted):
        """An import that must end well, and counts of its report that must be so."""
        done = self.run(text, series, *flags)
        if not self.cases.expect(name, done, support.COMPLETE):
            return {}
        report = done.json()
        wrong = {key: report[key] for key, value in wanted.items() if report[key] != value}
        self.cases.check(f"{name}: counts", not wrong, f"{wrong}, wanted {wanted}\n{done}")
        return report

    def refuses(self, name, text, *said, series="binance/spot/NONE", flags=()):
        """An import that must end as a usage error, without a trace of its series."""
        done = self.run(text, series, *flags)
        self.cases.expect(name, done, support.USAGE, *said)
        status = self.work.run("bf-engine", "status", "--json")
        held = status.out if status.code == support.COMPLETE else ""
        self.cases.check(f"{name}: nothing is stored", f'"{series}/' not in held, held)

    def rows(self, series, *flags):
        """The rows of a series as dictionaries of text."""
        exchange, market, symbol = series.split("/")
        selected = ("--exchange", exchange, "--market", market, "--symbol", symbol)
        done = self.work.run("bf-export", "-", "--format", "csv", "-q", *selected, *flags)
        return list(csv.DictReader(io.StringIO(done.out)))

    def gaps(self, series):
        """[(from, slots, state)] of the slots without a row before the last one."""
        exchange, market, symbol = series.split("/")
        selected = ("--exchange", exchange, "--market", market, "--symbol", symbol)
        found = self.work.run("bf-verify", "gaps", "--json", *selected).json()["series"][0]["gaps"]
        last = self.rows(series, "--time", "rfc3339")[-1]["open_time"]
        return [(gap["from"], gap["slots"], gap["state"]) for gap in found if gap["from"] < last]

    def findings(self, series):
        """{check: (severity, count)} of bf-verify check."""
        exchange, market, symbol = series.split("/")
        selected = ("--exchange", exchange, "--market", market, "--symbol", symbol)
        found = self.work.run("bf-verify", "check", "--json", *selected).json()["series"][0]
        return {f["check"]: (f["severity"], f["count"]) for f in found["findings"]}

    def holds(self, name, series, column, values):
        """One column's values, in order, by text."""
        rows = self.rows(series)
        found = [row[column] for row in rows]
        self.cases.check(name, found == list(values), f"{found}, wanted {values}")
