#!/usr/bin/env python3
"""Loopback throughput of `bf-engine run` into a durable store: 1,000-row pages, ten columns.

  bench/loopback.py BUILD_DIR [--server nginx|sim] [--rounds 5] [--symbols 20] [--pages 250]

nginx (one worker) serves pages that were built before from real candles (fixtures/); bf-sim serves the
same series from memory, without limits. Each round is a new store. Prints medians with [min-max]:
candles/s, CPU seconds of bf-engine per million candles, peak RSS. Every round is checked: all candles
held, none missing.
"""
import argparse
import gzip
import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
ROWS = 1000
MINUTE = 60_000
FROM = 1_672_531_200_000  # 2023-01-01


def source_rows():
    """Rows of a fixture as lists of the twelve texts."""
    with gzip.open(ROOT / "fixtures/binance/um/FILUSDT-1m.csv.gz", "rt") as lines:
        rows = [line.rstrip("\n").split(",") for line in lines]
    return [row for row in rows if row[0].isdigit()]


def timed(row, open_time):
    return [str(open_time), *row[1:6], str(open_time + MINUTE - 1), *row[7:12]]


def json_row(row):
    quoted = [f'"{value}"' for value in row]
    for number in (0, 6, 8):
        quoted[number] = row[number]
    return "[" + ",".join(quoted) + "]"


def symbols(count):
    return [f"P{index:03d}USDT" for index in range(count)]


def exchange_info(count):
    listed = [
        {"symbol": name, "status": "TRADING", "baseAsset": name[:-4], "quoteAsset": "USDT", "filters": []}
        for name in symbols(count)
    ]
    limits = [
        {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 10**9},
        {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 10**9},
    ]
    return json.dumps({"timezone": "UTC", "serverTime": FROM, "rateLimits": limits, "symbols": listed})


NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 2048; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000;
  open_file_cache max=100000 inactive=1h; default_type application/json;
  client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
  uwsgi_temp_path {dir}; scgi_temp_path {dir};
  map $msec $milliseconds {{ ~^(?<s>[0-9]+)\\.(?<f>[0-9]+)$ $s$f; }}
  server {{
    listen 127.0.0.1:{port} backlog=1024; root {dir}/pages;
    location = /api/v3/time {{ return 200 '{{"serverTime":$milliseconds}}'; }}
    location = /api/v3/exchangeInfo {{ try_files /exchangeInfo.json =404; }}
    location = /api/v3/klines {{ try_files /rows/$arg_startTime.json =404; }}
  }}
}}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_nginx(work, count, pages):
    """Every symbol has the same rows, so one folder of pages, named by their first open time, serves all."""
    rows = source_rows()
    folder = work / "pages/rows"
    folder.mkdir(parents=True)
    for page in range(pages):
        begin = page * ROWS
        body = ",".join(
            json_row(timed(rows[i % len(rows)], FROM + i * MINUTE)) for i in range(begin, begin + ROWS)
        )
        (folder / f"{FROM + begin * MINUTE}.json").write_text("[" + body + "]")
    first = json_row(timed(rows[0], FROM))
    (folder / "0.json").write_text("[" + first + "]")  # what is there from the beginning of time
    (work / "pages/exchangeInfo.json").write_text(exchange_info(count))
    port = free_port()
    conf = work / "nginx.conf"
    conf.write_text(NGINX.format(dir=work, port=port))
    os.chmod(work, 0o755)
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    server = subprocess.Popen([nginx, "-c", conf, "-g", "user root;" if os.getuid() == 0 else ""])
    return server, port


def write_data(work, count, pages):
    """The same series for bf-sim: one file, linked under each symbol's name."""
    rows = source_rows()
    folder = work / "data/binance/spot"
    folder.mkdir(parents=True)
    path = folder / f"{symbols(1)[0]}-1m.csv"
    with open(path, "w") as out:
        for i in range(pages * ROWS):
            out.write(",".join(timed(rows[i % len(rows)], FROM + i * MINUTE)) + "\n")
    for name in symbols(count)[1:]:
        os.link(path, folder / f"{name}-1m.csv")


def start_sim(work, build):
    port_file = work / "port"
    port_file.unlink(missing_ok=True)
    # It publishes a limit that is never reached, and begins to count anew with each start.
    command = [
        build / "bin/bf-sim", "--data", work / "data", "--no-limits", "--weight-limit", str(10**8),
        "--port", "0", "--port-file", port_file,
    ]  # fmt: skip
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not port_file.exists():
        if server.poll() is not None:
            sys.exit("bf-sim ended")
        time.sleep(0.05)
    return server, int(port_file.read_text())


def wait_for(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    sys.exit("the server does not listen")


def one_round(work, build, port, pages, extra):
    store = work / "store"
    shutil.rmtree(store, ignore_errors=True)
    command = [
        build / "bin/bf-engine", "run", "--exchange", "binance", "--market", "spot", "--all",
        "--from", str(FROM), "--to", str(FROM + pages * ROWS * MINUTE), "--source", "rest",
        "--base-url", f"binance/spot=http://127.0.0.1:{port}", "--store", store,
        "--state-dir", work / "state", "--json", "-q", *extra,
    ]  # fmt: skip
    began = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    report = json.loads(output)
    held = sum(series["held"] for series in report["series"])
    return process.returncode, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, held


def spread(values, digits):
    middle = statistics.median(values)
    return f"{middle:.{digits}f} [{min(values):.{digits}f}-{max(values):.{digits}f}]"


def stop(server):
    server.send_signal(signal.SIGTERM)
    server.wait()


def measure(work, options, extra, rounds):
    """Each of `rounds` gives the server to measure against and its port."""
    expected = options.symbols * options.pages * ROWS
    rates, cpus, peaks = [], [], []
    for start in rounds:
        server, port = start()
        wait_for(port)
        code, seconds, cpu, rss, held = one_round(work, options.build, port, options.pages, extra)
        if options.server == "sim":
            stop(server)
        if code != 0 or held != expected:
            sys.exit(f"round failed: exit code {code}, {held} of {expected} candles held")
        rates.append(expected / seconds / 1e6)
        cpus.append(cpu / (expected / 1e6))
        peaks.append(rss)
    print(f"{options.server}: {expected} candles a round, {options.rounds} rounds")
    print(f"  million candles/s          {spread(rates, 2)}")
    print(f"  CPU s per million candles  {spread(cpus, 3)}")
    print(f"  peak RSS, MiB              {spread(peaks, 0)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--server", choices=["nginx", "sim"], default="nginx")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--symbols", type=int, default=20)
    parser.add_argument("--pages", type=int, default=250)
    parser.add_argument("--dir", help="where store and pages go; a real disk for a durable store")
    options, extra = parser.parse_known_args()
    work = pathlib.Path(tempfile.mkdtemp(prefix="bf-loopback-", dir=options.dir))
    try:
        if options.server == "sim":
            write_data(work, options.symbols, options.pages)
            rounds = [lambda: start_sim(work, options.build)] * options.rounds
        else:
            nginx = start_nginx(work, options.symbols, options.pages)
            rounds = [lambda: nginx] * options.rounds
        measure(work, options, extra, rounds)
    finally:
        if options.server == "nginx":
            stop(nginx[0])
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
