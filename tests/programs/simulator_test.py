#!/usr/bin/env python3
"""bf-sim through its command line.

Goal: it serves what its flags say, tells when it is ready, ends when it is told to, and refuses what
it cannot do with one message and the documented exit code.
Method: run the program on loopback ports of its own, and ask it by plain HTTP.
Usage: simulator_test.py BIN_DIRECTORY
"""

import gzip
import json
import signal
import urllib.error
import urllib.request

import support

PAGE = "/fapi/v1/klines?symbol=FILUSDT&interval=1m&startTime=0&limit=2"


def get(simulator, target):
    """Status, headers and body of a GET."""
    try:
        with urllib.request.urlopen(simulator.url + target, timeout=30) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def check_serving(cases, work):
    with support.Simulator(work, "--data", support.FIXTURES) as simulator:
        status, headers, body = get(simulator, PAGE)
        rows = json.loads(body)
        cases.check("a page is served", status == 200 and rows[0][0] == 1780272000000, body)
        cases.check("its weight is told", headers["X-MBX-USED-WEIGHT-1M"] == "1", headers)
        entries = simulator.requests("klines")
        cases.check("the ledger has the request", len(entries) == 1 and entries[0]["rows"] == 2)
        simulator.process.send_signal(signal.SIGTERM)
        code = simulator.process.wait(support.START_SECONDS_MAX)
        cases.check("SIGTERM ends it in order", code == 0, f"exit {code}")


def check_clock_and_faults(cases, work):
    flags = ["--generate", 7, "--symbols", 2, "--now", "2024-06-01T00:00:30Z"]
    flags += ["--weight-limit", 3, "--fault", "time nth=1 status=503 retry_after=2"]
    with support.Simulator(work, *flags) as simulator:
        status, headers, _ = get(simulator, "/fapi/v1/time")
        cases.check("a fault hits", status == 503 and headers["Retry-After"] == "2", headers)
        status, headers, body = get(simulator, "/fapi/v1/time")
        since_start = json.loads(body)["serverTime"] - 1717200030000
        cases.check("the clock runs from --now", 0 <= since_start < 60_000, body)
        cases.check("the Date header has that clock", "2024" in headers["Date"], headers)
        codes = [get(simulator, "/fapi/v1/ping")[0] for _ in range(2)]
        cases.check("the weight limit is kept", codes == [200, 429], codes)


def check_truth_csv(cases, work):
    for series in support.index():
        name = f"{series.exchange}/{series.market}/{series.symbol}/{series.interval}"
        printed = work.run(
            *("bf-sim", "--data", support.FIXTURES),
            *("--truth-csv", name, series.begin, series.end),
        )
        with gzip.open(series.file, "rt", encoding="utf-8") as file:
            lines = {line for line in file if line[0].isdigit()}
        rows = printed.out.splitlines(keepends=True)
        equal = len(rows) == series.rows and lines.issuperset(rows)
        cases.check(f"--truth-csv equals the fixture: {series}", printed.code == 0 and equal)


def check_refusals(cases, work):
    data = ("--data", support.FIXTURES)
    bad = work.path / "bad"
    (bad / "binance/um").mkdir(parents=True)
    (bad / "binance/um/AB-1m.csv").write_text("1,2,3\n", encoding="utf-8")
    refusals = [
        ("no truth", [], "--data DIR or --generate SEED"),
        ("two truths", [*data, "--generate", 1], "--generate"),
        ("a folder that is not there", ["--data", work.path / "none"], "SYMBOL-INTERVAL"),
        ("a line that is no candle", ["--data", bad], "line 1"),
        ("an unknown flag", [*data, "--prot", 1], "--prot"),
        ("a fault that does not exist", [*data, "--fault", "klines colour=red"], "colour=red"),
        ("a file of faults that is not there", [*data, "--faults", "none"], "none"),
        ("a time that is none", [*data, "--now", "soon"], "soon"),
        ("a port file that cannot be written", [*data, "--port-file", "none/port"], "none/port"),
        ("a key without a certificate", [*data, "--tls-key", "key"], "--tls-cert"),
        ("a certificate that is not there", [*data, "--tls-cert", "c", "--tls-key", "k"], "c"),
        ("a series that it does not have", [*data, "--truth-csv", "binance/um/X/1m", 1, 2], ""),
    ]
    for name, arguments, word in refusals:
        cases.expect(f"refused: {name}", work.run("bf-sim", *arguments), support.USAGE, word)


def main():
    support.require_programs("bf-sim")
    cases = support.Cases()
    with support.Workplace() as work:
        shown = work.run("bf-sim", "--help")
        cases.check("--help begins with examples", shown.out.startswith("Examples:"), shown)
        check_serving(cases, work)
        check_clock_and_faults(cases, work)
        check_truth_csv(cases, work)
        check_refusals(cases, work)
        with support.Simulator(work, "--generate", 1) as simulator:
            taken = work.run("bf-sim", "--generate", 1, "--port", simulator.port)
            cases.expect("refused: a port that is taken", taken, support.TEMPORARY)
    cases.end()


if __name__ == "__main__":
    main()
