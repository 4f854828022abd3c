#!/usr/bin/env python3
"""Other clients beside bf-engine, on the same prebuilt pages of the same nginx, in the same run.

  bench/fetch_peers.py BUILD_DIR [plain] [tls] [--rounds 5] [--dir FOLDER]

  bf        bf-engine run, 64 at once: ten exact columns, validated, into a durable store
  ccxt      fetchOHLCV of binanceusdm, 32 at once, rate limiter off: six numbers a candle (npm)
  aiohttp   python3-aiohttp and json, 64 at once: a dictionary of ten numbers a candle
  libcurl   libcurl's multi interface and simdjson to ten int64 columns, 64 at once (peers/libcurl_fetch.cpp)
  curl      curl --parallel, 64 at once, thrown away
  wrk       64 connections, thrown away

All take turns within a round; medians. What a client got is counted and summed before its figure counts. CPU
seconds are of bf, curl and wrk whole, of the others of the time in which they fetch. A peer that is not
installed is left out, and named.
"""
import argparse
import json
import math
import os
import pathlib
import shutil
import sys
import tempfile

from support import engine, pages, rows, servers

sys.path.append(str(pages.ROOT / "tests/programs"))
import ccxt_package

PEERS = pathlib.Path(__file__).resolve().parent / "peers"
PAGES, SERIES = 250, 32
ROWS = 1_000
AT_ONCE, CCXT_AT_ONCE = 64, 32
# So many that a client runs for seconds.
REQUESTS = {"ccxt": 1_000, "aiohttp": 2_000, "libcurl": 8_000, "curl": 6_000}
WRK_SECONDS = 3


class Took:
    """Of one client in one round."""

    def __init__(self, candles, seconds, cpu, rss_mib):
        self.rate, self.cpu, self.rss = candles / seconds / 1e6, cpu / (candles / 1e6), rss_mib


class Bench:
    def __init__(self, work, options):
        self.work, self.build = work, options.build
        self.series = pages.Series(PAGES * ROWS)
        self.bf_engine = engine.Engine(work, options.build, self.series, options.series)
        self.series.write_pages(work / "pages/1000", ROWS, zipped=False)
        self.requests = {name: int(count * options.series / SERIES) for name, count in REQUESTS.items()}
        info = pages.exchange_info(options.series)
        (work / "pages/spot-exchangeInfo.json").write_text(info)
        self.ca_file = work / "ca.pem"
        self.modules = ccxt_package.installed_modules()

    def clients(self):
        """name -> call, of those that can run here."""
        here = {
            "bf": True,
            "ccxt": self.modules is not None,
            "aiohttp": os.path.exists("/usr/lib/python3/dist-packages/aiohttp"),
            "libcurl": (self.build / "bin/libcurl_fetch").exists(),
            "curl": shutil.which("curl") is not None,
            "wrk": shutil.which("wrk") is not None,
        }
        for name in here:
            if not here[name]:
                print(f"left out: {name} is not installed", file=sys.stderr)
        return {name: getattr(self, name) for name in here if here[name]}

    def bf(self, listener):
        trust = ["--ca-file", self.ca_file] if listener.tls else []
        usage = self.bf_engine.run(listener.url, *trust)
        return Took(self.bf_engine.candles, usage.seconds, usage.cpu, usage.rss_mib)

    def ccxt(self, listener):
        trust = {"NODE_EXTRA_CA_CERTS": str(self.ca_file)}
        numbers = [pages.FROM, PAGES, self.requests["ccxt"], CCXT_AT_ONCE]
        command = ["node", PEERS / "ccxt_fetch.js", self.modules, listener.url, *numbers]
        return self.own_figures("ccxt", command, env=os.environ | trust)

    def aiohttp(self, listener):
        numbers = [pages.FROM, PAGES, self.requests["aiohttp"], AT_ONCE]
        trust = [self.ca_file] if listener.tls else []
        command = ["/usr/bin/python3", PEERS / "aiohttp_fetch.py", listener.url, *numbers, *trust]
        return self.own_figures("aiohttp", command)

    def libcurl(self, listener):
        numbers = [pages.FROM, PAGES, self.requests["libcurl"], AT_ONCE]
        trust = [self.ca_file] if listener.tls else []
        command = [self.build / "bin/libcurl_fetch", listener.url, *numbers, *trust]
        return self.own_figures("libcurl", command)

    def own_figures(self, name, command, **options):
        """Of a client that says what it took, in JSON."""
        usage = engine.timed(command, **options)
        if usage.code != 0:
            sys.exit(f"{name} ended with {usage.code}")
        said = json.loads(usage.output.splitlines()[-1])
        candles = self.requests[name] * ROWS
        closes = self.series.closes(candles)
        if said["candles"] != candles or not math.isclose(said["closes"], closes, rel_tol=1e-9):
            sys.exit(f"{name} did not get what was served: {said}, not {candles} and {closes}")
        return Took(candles, said["seconds"], said["cpu"], usage.rss_mib)

    def since(self, page):
        return pages.FROM + page * ROWS * pages.MINUTE

    def page_url(self, listener, page):
        return f"{listener.url}/fapi/v1/klines?symbol=P000USDT&startTime={self.since(page)}"

    def curl(self, listener):
        config = self.work / "curl.conf"
        numbers = [number % PAGES for number in range(self.requests["curl"])]
        lines = [f'url="{self.page_url(listener, page)}"\noutput="/dev/null"\n' for page in numbers]
        config.write_text("".join(lines))
        flags = ["--parallel", "--parallel-max", AT_ONCE, "--cacert", self.ca_file, "--fail"]
        said = ["--no-progress-meter", "-w", "%{size_download}\\n"]
        usage = engine.timed(["curl", *flags, *said, "-K", config])
        got = sum(map(int, usage.output.split()))
        sizes = [
            (self.work / f"pages/1000/{self.since(page)}.json").stat().st_size for page in range(PAGES)
        ]
        if usage.code != 0 or got != sum(sizes[page] for page in numbers):
            sys.exit(f"curl ended with {usage.code} and {got} bytes")
        return Took(len(numbers) * ROWS, usage.seconds, usage.cpu, usage.rss_mib)

    def wrk(self, listener):
        command = ["wrk", "-t", 1, "-c", AT_ONCE, "-d", f"{WRK_SECONDS}s", "-s", PEERS / "wrk_pages.lua"]
        usage = engine.timed([*command, listener.url, "--", pages.FROM, PAGES])
        said = json.loads(usage.output.splitlines()[-1])
        if usage.code != 0 or said["failed"] or said["requests"] == 0:
            sys.exit(f"wrk ended with {usage.code}: {said}")
        return Took(said["requests"] * ROWS, said["seconds"], usage.cpu, usage.rss_mib)


def add_rows(report, kind, took):
    """The rows of one kind of connection; ratios are of the same round."""
    for name, all_ in took.items():
        report.add(f"fetch/{kind}/{name}/rate", [one.rate for one in all_], "M candles/s")
        report.add(f"fetch/{kind}/{name}/cpu", [one.cpu for one in all_], "CPU s/M candles")
        report.add(f"fetch/{kind}/{name}/rss", [one.rss for one in all_], "MiB")
    for name in [one for one in took if one not in ("bf", "curl", "wrk")]:
        ratios = [own.rate / other.rate for own, other in zip(took["bf"], took[name])]
        report.add(f"fetch/{kind}/bf_to_{name}", ratios, "times its rate")
        ratios = [own.cpu / other.cpu for own, other in zip(took["bf"], took[name])]
        report.add(f"fetch/{kind}/cpu_bf_to_{name}", ratios, "times its CPU")


def main():
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("kinds", nargs="*", metavar="plain|tls", help="both unless named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=SERIES, help="of bf's runs; scales the others too")
    parser.add_argument("--dir", help="where store and pages go; a real disk for a durable store")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file as well")
    options = parser.parse_intermixed_args()
    listeners = {"plain": servers.Listener(), "tls": servers.Listener(tls=True)}
    if unknown := set(options.kinds) - set(listeners):
        parser.error(f"no such kind: {', '.join(unknown)}")
    work = pathlib.Path(tempfile.mkdtemp(prefix="bf-peers-", dir=options.dir)).resolve()
    nginx = None
    try:
        bench = Bench(work, options)
        nginx = servers.Nginx(work, listeners.values())
        clients = bench.clients()
        kinds = options.kinds or list(listeners)
        took = {kind: {name: [] for name in clients} for kind in kinds}
        for _ in range(options.rounds):
            for kind in kinds:
                for name, client in clients.items():
                    took[kind][name].append(client(listeners[kind]))
        bench.bf_engine.check()
        report = rows.Report()
        for kind in kinds:
            add_rows(report, kind, took[kind])
        report.finish(options.json)
    finally:
        if nginx:
            nginx.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
