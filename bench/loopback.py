#!/usr/bin/env python3
"""Loopback throughput of `bf-engine run` into a durable store, ten columns.

  bench/loopback.py BUILD_DIR [CASE ...] [--rounds 5] [--dir FOLDER]

  plain, tls, gzip   nginx, 1,000-row pages that were built before, 64 requests in flight
  50ms, 50ms_tls     the same, each page 50 ms after it was asked for, 256 in flight
  200ms              499-row pages of USD-M after 200 ms, 1,000 in flight: how much of what these allow, in
                     the middle eight tenths of the run
  sim                bf-sim without limits, from memory

The pages are real candles, 64 bodies of 1,000 rows in turn (support/pages.py); 16 series at a time. All cases
take turns within a round; each run is a new store. Prints medians with [min-max]: million candles/s, CPU
seconds of bf-engine per million candles, its peak RSS. Every run is checked: all candles held, none missing;
the last of each case digit by digit.
"""
import argparse
import pathlib
import shutil
import sys
import tempfile

from support import engine, pages, rows, servers

PAGES = 250  # of a series
SERIES = 32
UM_ROWS = 499
DELAYED_FLIGHT = 256
FLIGHT, FLIGHT_DELAY_MS, FLIGHT_PAGES, FLIGHT_SERIES = 1_000, 200, 625, 64


def pages_per_second(log):
    """Of a server's log, without the first and the last tenth: what a run begins and ends with."""
    instants = sorted(map(float, log.read_text().split()))
    first, last = len(instants) // 10, len(instants) * 9 // 10
    return (last - first) / (instants[last] - instants[first])


class Case:
    """One way to be served. Its figures of all rounds are in `usages`."""

    def __init__(self, name, bf, start, flags=(), market="spot", log=None):
        self.name, self.bf, self.start, self.flags, self.market = name, bf, start, flags, market
        self.usages = []
        self.log, self.steady = log, []  # pages a second in the middle of each run

    def round(self, last):
        url, stop = self.start()
        if self.log:
            self.log.write_text("")  # nginx appends
        self.usages.append(self.bf.run(url, *self.flags, market=self.market))
        if self.log:
            self.steady.append(pages_per_second(self.log))
        stop()
        if last:
            self.bf.check(self.market)

    def report(self, report):
        million = self.bf.candles / 1e6
        name = f"loopback/{self.name}"
        report.add(f"{name}/rate", [million / one.seconds for one in self.usages], "M candles/s")
        report.add(f"{name}/cpu", [one.cpu / million for one in self.usages], "CPU s/M candles")
        report.add(f"{name}/rss", [one.rss_mib for one in self.usages], "MiB")
        if self.name == "200ms":
            ideal = FLIGHT * UM_ROWS / (FLIGHT_DELAY_MS / 1e3) / 1e6
            rates = [one * UM_ROWS / 1e6 / ideal for one in self.steady]
            report.add(f"{name}/of_ideal", rates, "of flight x page / delay")
            report.add(f"{name}/cores", [one.cpu / one.seconds for one in self.usages], "cores")


def nginx_cases(work, options, wanted):
    """The cases of `wanted` that nginx serves, and the nginx."""
    listeners = {
        "plain": servers.Listener(),
        "tls": servers.Listener(tls=True),
        "gzip": servers.Listener(gzip=True),
        "50ms": servers.Listener(delay_ms=50),
        "50ms_tls": servers.Listener(tls=True, delay_ms=50),
        "200ms": servers.Listener(delay_ms=FLIGHT_DELAY_MS, um_pages="499", log=work / "log"),
    }
    listeners = {name: one for name, one in listeners.items() if name in wanted}
    delayed = [name for name, one in listeners.items() if one.delay_ms]
    if delayed and not servers.delays_possible():
        print(f"left out: {', '.join(delayed)}: nginx's echo module is not installed", file=sys.stderr)
        listeners = {name: one for name, one in listeners.items() if name not in delayed}
    if not listeners:
        return [], None
    bf = engine.Engine(work, options.build, pages.Series(options.pages * 1_000), options.series)
    bf.series.write_pages(work / "pages/1000", 1_000, zipped="gzip" in listeners)
    flying = bf
    if "200ms" in listeners:
        scale = options.pages / PAGES
        long = pages.Series(int(FLIGHT_PAGES * scale) * UM_ROWS)
        flying = engine.Engine(work, options.build, long, FLIGHT_SERIES)
        long.write_pages(work / "pages/499", UM_ROWS, zipped=False)
    nginx = servers.Nginx(work, listeners.values())
    cases = []
    for name, listener in listeners.items():
        flags = ["--ca-file", work / "ca.pem"] if listener.tls else []
        if listener.delay_ms:
            flags += ["--concurrency", FLIGHT if name == "200ms" else DELAYED_FLIGHT]
        if name == "200ms":
            flags += ["--series-at-once", FLIGHT_SERIES]
        served = flying if name == "200ms" else bf
        market = "um" if name == "200ms" else "spot"
        start = lambda url=listener.url: (url, lambda: None)
        cases.append(Case(name, served, start, flags, market, listener.log))
    return cases, nginx


def sim_case(work, options):
    series = pages.Series(options.pages * 1_000)
    servers.write_sim_data(work / "data", series, options.series)
    bf = engine.Engine(work, options.build, series, options.series)

    def start():  # it begins to count its limits anew with each start
        sim = servers.Sim(work, options.build, work / "data")
        return sim.url, sim.stop

    return Case("sim", bf, start)


def exchange_info(work, cases):
    (work / "pages").mkdir(exist_ok=True)
    for case in cases:
        # All cases on nginx have as many series, or are of another market.
        (work / f"pages/{case.market}-exchangeInfo.json").write_text(pages.exchange_info(case.bf.count))


def main():
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    names = ["plain", "tls", "gzip", "50ms", "50ms_tls", "200ms", "sim"]
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("cases", nargs="*", metavar="CASE", help="all of them unless named")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--series", type=int, default=SERIES)
    parser.add_argument("--pages", type=int, default=PAGES, help="of a series")
    parser.add_argument("--dir", help="where store and pages go; a real disk for a durable store")
    parser.add_argument("--json", type=pathlib.Path, help="write the rows to this file as well")
    options = parser.parse_intermixed_args()
    wanted = options.cases or names
    if unknown := set(wanted) - set(names):
        parser.error(f"no such case: {', '.join(unknown)}")
    work = pathlib.Path(tempfile.mkdtemp(prefix="bf-loopback-", dir=options.dir)).resolve()
    nginx = None
    try:
        cases, nginx = nginx_cases(work, options, wanted)
        exchange_info(work, cases)
        if "sim" in wanted:
            cases.append(sim_case(work, options))
        for number in range(options.rounds):
            for case in cases:
                case.round(last=number == options.rounds - 1)
        report = rows.Report()
        for case in cases:
            case.report(report)
        report.finish(options.json)
    finally:
        if nginx:
            nginx.stop()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
