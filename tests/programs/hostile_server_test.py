#!/usr/bin/env python3
"""A server that means harm costs bf-engine little memory and gives it no candle.

Goal: whatever an exchange's server sends (bombs, floods of headers, chunks or digits, bodies without an
end), the engine's memory rises by at most 32 MiB over that of a run that went well, and nothing is stored.
Method: a server that answers all but candles as Binance does, and these by one of many attacks; the engine
is stopped once it has got over three of them. Peak memory is the kernel's own count.
"""

import contextlib
import functools
import gzip
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import support

MINUTE = 60_000
FROM = 1_704_067_200_000  # 2024-01-01
ROWS = 480
MIB = 1 << 20
RISE_MAX = 32 * MIB
PAGE_MAX = 4 * MIB
ATTACKS_SEEN = 3
ENDS = (support.TERMINATED, support.TEMPORARY, support.MISSING)
# The kernel counts what a process had before it became another program as well: this one is small.
LAUNCHER = """
import os, signal, sys
child = os.fork()
if child == 0:
    os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
_, status, usage = os.wait4(child, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""
FLOOD = 256 * MIB  # what an attack without an end sends at most, should nobody stop it


def row(index):
    open_time = FROM + index * MINUTE
    return [open_time, "1.5", "2.5", "1.0", "2.0", "10.0", open_time + MINUTE - 1, "15.0", 3, "5.0", "7.5", "0"]


GOOD_PAGE = json.dumps([row(index) for index in range(ROWS)]).encode()


def head(*lines):
    return "".join(line + "\r\n" for line in ("HTTP/1.1 200 OK", *lines, "")).encode()


def whole(body, *lines):
    return head("Content-Type: application/json", f"Content-Length: {len(body)}", *lines) + body


def repeated(begin, piece):
    """`begin`, and `piece` until the flood is over."""
    yield begin
    block = piece * (64 * 1024 // len(piece) + 1)
    for _ in range(FLOOD // len(block)):
        yield block


@functools.cache
def bomb(levels):
    body = b"\0" * (64 * MIB)
    for _ in range(levels):
        body = gzip.compress(body, 9)
    return [whole(body, "Content-Encoding: " + ", ".join(["gzip"] * levels))]


@functools.cache
def wide_bomb():
    """A page as JSON that is white space but for its rows."""
    body = gzip.compress(GOOD_PAGE[:-1] + b" " * (512 * MIB // 8) + b"]", 9)
    return [whole(body, "Content-Encoding: gzip")]


ATTACKS = {
    "a gzip bomb": lambda: bomb(1),
    "a gzip bomb in another one": lambda: bomb(2),
    "a gzip bomb of white space": wide_bomb,
    "a header without an end": lambda: repeated(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "a header line without an end": lambda: repeated(b"HTTP/1.1 200 OK\r\nX-A: ", b"b"),
    "interim answers without an end": lambda: repeated(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "a status line without an end": lambda: repeated(b"HTTP/1.1 200 ", b"O"),
    "a length beyond all bounds": lambda: repeated(head("Content-Length: 4611686018427387904"), b"["),
    "a length that is claimed and not sent": lambda: [head("Content-Length: 4194304") + b"["],
    "a body until the end": lambda: repeated(head("Connection: close"), b"["),
    "chunks without an end": lambda: repeated(head("Transfer-Encoding: chunked"), b"1\r\n[\r\n"),
    "a chunk beyond all bounds": lambda: repeated(
        head("Transfer-Encoding: chunked") + b"fffffffffffffff\r\n", b"["
    ),
    "chunk extensions without an end": lambda: repeated(head("Transfer-Encoding: chunked") + b"1;a=", b"b"),
    "trailers without an end": lambda: repeated(
        head("Transfer-Encoding: chunked") + b"0\r\n", b"X-A: b\r\n"
    ),
    "nested lists": lambda: [whole(b"[" * (PAGE_MAX - 64))],
    "a number of megabytes": lambda: [whole(b"[[" + b"7" * (PAGE_MAX - 64) + b"]]")],
    "a string of megabytes": lambda: [whole(b'[[1704067200000,"' + b"7" * (PAGE_MAX - 64) + b'"]]')],
    "a list of megabytes": lambda: [whole(b"[" + b"[]," * (PAGE_MAX // 3 - 64) + b"[]]")],
    "an error text of megabytes": lambda: [
        whole(b'{"code":-1,"msg":"' + b"\x1b" * (PAGE_MAX - 64) + b'"}').replace(b"200 OK", b"400 Bad Request")
    ],
}


class HostileServer:
    """Speaks HTTP by hand; counts the attacks that a client has turned away from or sat through."""

    def __init__(self, attack):
        self.attack = attack
        self.survived = 0
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            requests = connection.makefile("rb")
            while line := requests.readline():
                while requests.readline() not in (b"\r\n", b""):
                    pass
                path = line.split()[1].decode()
                if "/klines" not in path:
                    connection.sendall(whole(self._answer(path)))
                elif self.attack is None:
                    connection.sendall(whole(GOOD_PAGE))
                else:
                    self._attack(connection)
                    return

    def _attack(self, connection):
        with contextlib.suppress(OSError):
            for block in self.attack():
                connection.sendall(block)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(4096):
                pass
        with self.changed:
            self.survived += 1
            self.changed.notify_all()

    @staticmethod
    def _answer(path):
        now = int(time.time() * 1000)
        if path.startswith("/api/v3/time"):
            return json.dumps({"serverTime": now}).encode()
        symbol = {
            **{"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"},
            **{"filters": []},
        }
        listed = {"timezone": "UTC", "serverTime": now, "rateLimits": [], "symbols": [symbol]}
        return json.dumps(listed).encode()

    def wait_for_attacks(self, process):
        """Until the client has got over some, or given up."""
        with self.changed:
            while self.survived < ATTACKS_SEEN and process.poll() is None:
                self.changed.wait(0.1)

    def stop(self):
        self.listener.close()


def end_of(process):
    """Waits for the end: exit code and peak resident memory in bytes."""
    code, kib = process.communicate(timeout=support.RUN_SECONDS_MAX)[0].split()
    return int(code), int(kib) * 1024


def start(work, server, store):
    engine = [
        *(support.bin_directory() / "bf-engine", "run", "--source", "rest", "--store", store, "-q"),
        *("--exchange", "binance", "--market", "spot", "--symbol", "BTCUSDT"),
        *("--from", FROM, "--to", FROM + ROWS * MINUTE, "--base-url", f"binance/spot={server.url}"),
    ]
    return subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *map(str, engine)],
        cwd=work.path,
        env=work.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def baseline(cases, work):
    """Peak memory of a run that is served well."""
    server = HostileServer(None)
    code, peak = end_of(start(work, server, "good"))
    server.stop()
    cases.check("a good server's candles are stored", code == support.COMPLETE, code)
    return peak


def attack(cases, work, name, base):
    server = HostileServer(ATTACKS[name])
    process = start(work, server, "hostile")
    server.wait_for_attacks(process)
    process.send_signal(signal.SIGTERM)
    code, peak = end_of(process)
    server.stop()
    cases.check(f"{name}: the run does not end well", code in ENDS, code)
    if support.sanitized():
        cases.skip(f"{name}: memory", "a sanitizer's own hides it")
    else:
        rise = (peak - base) / MIB
        held = cases.check(f"{name}: memory rises by at most 32 MiB", peak - base <= RISE_MAX, rise)
        print(f"        by {rise:.1f} MiB" if held else "")
    status = work.run("bf-engine", "status", "--store", "hostile", "--json")
    held = sum(series["held"] for series in status.json().get("series", []))
    cases.check(f"{name}: nothing is stored", held == 0, held)


def main():
    support.require_programs("bf-engine")
    cases = support.Cases()
    with support.Workplace() as work:
        base = baseline(cases, work)
        for name in ATTACKS:
            attack(cases, work, name, base)
    cases.end()


if __name__ == "__main__":
    main()
