"""The benches of `make bench`: how each is run, and which rows come of it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support import google, rows

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent


@dataclass
class Place:
    """Where a run finds its programs and keeps its files."""

    build: Path
    folder: Path  # stores and figures; on a real disk
    quick: bool = False
    rounds: int | None = None  # of the scripts, unless they shall decide

    def run(self, command, environment=None, output=None):
        # Fixtures, unless the caller names more candles; what lies beside the project is not looked for.
        data = {"BF_DATA": os.environ.get("BF_DATA", "fixtures")}
        variables = os.environ | data | {"TMPDIR": str(self.folder)} | (environment or {})
        done = subprocess.run(list(map(str, command)), cwd=ROOT, env=variables, stdout=output, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{Path(command[0]).name} ended with {done.returncode}")


@dataclass
class Script:
    """bench/NAME.py, which makes rows itself; they are printed by the caller."""

    name: str
    about: str
    quick: tuple = ("--rounds", 1, "--series", 8)

    def figures(self, place):
        target = place.folder / "rows.json"
        flags = ["--dir", place.folder, "--json", target]
        flags += ["--rounds", place.rounds] if place.rounds else []
        flags += self.quick if place.quick else ()
        script = [sys.executable, BENCH / f"{self.name}.py", place.build]
        place.run([*script, *flags], output=subprocess.DEVNULL)
        return json.loads(target.read_text(encoding="utf-8"))


@dataclass
class Google:
    """A program of Google Benchmark: a row a case, and the ratios of some (name, case, to which)."""

    name: str
    about: str
    ratios: tuple = ()
    arguments: tuple = ("--benchmark_enable_random_interleaving=true",)

    def figures(self, place):
        target, said = place.folder / "google.json", place.folder / "said.ndjson"
        said.unlink(missing_ok=True)
        flags = [f"--benchmark_out={target}", "--benchmark_out_format=json", *self.arguments]
        if place.quick:
            flags.append("--benchmark_min_time=0.05")
        place.run([place.build / f"bin/{self.name}_bench", *flags], {"BF_BENCH_ROWS": str(said)})
        medians = google.medians(target)
        found = [
            rows.row(self.row_name(case) + of, value, unit)
            for case, one in medians.items()
            for of, value, unit in google.figures(one)
        ]
        for name, case, other in self.ratios:
            ratio = google.figure(medians[case])[0] / google.figure(medians[other])[0]
            found.append(rows.row(f"{self.name}/{name}", ratio, "times"))
        return found + said_rows(said)

    def row_name(self, case):
        return case if case.startswith(f"{self.name}/") else f"{self.name}/{case}"


@dataclass
class Program:
    """A program that says its rows in the file that BF_BENCH_ROWS names (support/said_row.h)."""

    name: str
    about: str
    program: str
    arguments: tuple = ()
    quick: tuple = ()
    needs_store: bool = field(default=True, kw_only=True)

    def figures(self, place):
        said, store = place.folder / "said.ndjson", place.folder / "store"
        said.unlink(missing_ok=True)
        subprocess.run(["rm", "-rf", store], check=True)
        arguments = self.quick if place.quick and self.quick else self.arguments
        where = [store] if self.needs_store else []
        place.run([place.build / f"bin/{self.program}", *where, *arguments], {"BF_BENCH_ROWS": str(said)})
        return said_rows(said)


def said_rows(path):
    if not path.exists():
        return []
    said = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [rows.row(one["name"], one["value"], one["unit"]) for one in said]


ALL = [
    Google(
        *("parse", "pages of USD-M to columns, beside simdjson"),
        (("engine_to_simdjson", "parse/engine", "parse/simdjson"),),
    ),
    Script(
        *("loopback", "bf-engine from servers on loopback into a durable store"),
        ("--rounds", 1, "--series", 8, "--pages", 60),
    ),
    Script("archive", "bf-engine from zips on loopback, hashed and inflated"),
    Script("fetch_peers", "ccxt, aiohttp, libcurl, curl and wrk beside it"),
    Program("virtual", "541 symbols x 90 days by REST on the virtual clock", "virtual_run_bench", (), ("20", "10")),
    Program(
        *("virtual_archive", "the same from the archive, behind 100 Mbit/s", "virtual_run_bench"),
        *(("archive",), ("archive", "20", "60")),
    ),
    Program("allocations", "allocations of a run in its steady state", "allocations_bench"),
    Program("deribit", "151 dated futures by name on the virtual clock", "virtual_run_bench", ("deribit",)),
    Program("every_exchange", "all exchanges at once on the virtual clock", "every_exchange_bench"),
    Google(
        *("async", "the coroutine runtime"),
        (("timers_cost", "async/ping_beside_10000_timers", "async/ping"),),
    ),
    Google("codec", "bytes a candle, encoding"),
    Google("scan", "reading a sealed store"),
    Google("append", "durable appends", arguments=()),
    Program("seal", "sealing a month and its syncs", "seal_bench", needs_store=False),
    Google("export", "bf-export to CSV"),
    Google("open", "what a wide store holds"),
    Script("duckdb_peer", "DuckDB beside the store", ("--rounds", 1)),
    Program("http", "HTTP client and server in one process", "http_bench", needs_store=False),
]
