#!/usr/bin/env python3
"""Runs through real proxies.

Goal: candles come through CONNECT and SOCKS5h, with and without a password, plain and inside TLS; what a
proxy refuses is said with the way out; the password is nowhere but in the proxy's ears; a ban belongs
to the way that it came by.
Method: bf-engine against bf-sim on loopback, by way of tinyproxy, microsocks, squid and danted; every
file and output of the runs is searched for the password.
"""

import subprocess

import proxies
import support

RANGE = ["--exchange", "binance", "--market", "spot", "--symbol", "BTCUSDT"]
RANGE += ["--from", "2020-01-01", "--to", "2020-01-02"]
DATA = ["--data", support.FIXTURES, "--no-limits"]


class Runs:
    """Runs of bf-engine, each with a store of its own, and all that they said."""

    def __init__(self, work):
        self.work, self.count, self.said = work, 0, []

    def run(self, simulator, *flags, env=None, store=None):
        self.count += 1
        outcome = self.work.run(
            *("bf-engine", "run", *RANGE, *simulator.sources(), "-v", "--json"),
            *("--log-file", f"log-{self.count}", "--store", store or f"store-{self.count}", *flags),
            env=env,
        )
        self.said.append(outcome.out + outcome.err)
        return outcome

    def leaks(self):
        """Where a part of a password can be read."""
        found = [text for text in self.said if "canary" in text]
        files = [path for path in self.work.path.rglob("*") if path.is_file()]
        return found + [path for path in files if b"canary" in path.read_bytes()]


def each_proxy(cases, runs, kind, with_password):
    name = f"{kind.program} {'with' if with_password else 'without'} a password"
    if kind.path() is None:
        cases.skip(name, f"{kind.program} is not installed")
        return
    try:
        proxy = kind(with_password)
    except RuntimeError as error:
        cases.skip(name, error)
        return
    with proxy, support.Simulator(runs.work, *DATA) as simulator:
        outcome = runs.run(simulator, env={"BF_PROXY": proxy.good_url()})
        cases.expect(f"{name}: a run", outcome, support.COMPLETE)
        came = outcome.code == 0 and outcome.json()["candles_stored"] == 1_440
        cases.check(f"{name}: every candle came", came, outcome)
        cases.check(f"{name}: through the proxy", proxy.carried(simulator), proxy.said())
        if with_password:
            refusals(cases, runs, proxy, name)


def refusals(cases, runs, proxy, name):
    with support.Simulator(runs.work, *DATA) as simulator:
        outcome = runs.run(simulator, "--proxy", proxy.url())
        cases.expect(f"{name}: none given", outcome, support.USAGE, "wants a user", "BF_PROXY=")
        wrong = proxy.url(proxies.USER, "canary-wrong")
        outcome = runs.run(simulator, env={"BF_PROXY": wrong})
        cases.expect(f"{name}: a wrong one", outcome, support.USAGE, "refuses the user or the password")
        cases.check(f"{name}: nothing was sent", not simulator.requests())


def command_line_and_file(cases, runs, private):
    with proxies.Microsocks(True) as proxy, support.Simulator(runs.work, *DATA) as simulator:
        outcome = runs.run(simulator, "--proxy", proxy.good_url())
        advice = ("BF_PROXY", "bf.toml with mode 0600")
        cases.expect("a password on the command line", outcome, support.USAGE, *advice)

        config = private.path / "bf.toml"
        table = f'[proxy]\nall = "http://127.0.0.1:1"\n"binance" = "{proxy.good_url()}"\n'
        config.write_text(table, encoding="utf-8")
        config.chmod(0o644)
        outcome = runs.run(simulator, "--config", config)
        cases.expect("a file that others can read", outcome, support.USAGE, "chmod 600")
        cases.check("nothing was sent", not simulator.requests())
        config.chmod(0o600)
        outcome = runs.run(simulator, "--config", config)
        cases.expect("a proxy of one exchange, from a file", outcome, support.COMPLETE)
        cases.check("through the proxy", proxy.carried(simulator), proxy.said())
        shown = runs.work.run(
            *("bf-engine", "symbols", "--exchange", "binance", "--market", "spot"),
            *(*simulator.sources()[:2], "--config", config),
        )
        cases.expect("symbols takes the same way", shown, support.COMPLETE, "BTCUSDT")


def environment(cases, runs):
    with support.Simulator(runs.work, *DATA) as simulator:
        dead = {name: "http://127.0.0.1:1" for name in ("http_proxy", "https_proxy")}
        outcome = runs.run(simulator, env=dead)
        cases.expect("loopback takes no proxy of the environment", outcome, support.COMPLETE)


def what_is_down(cases, runs):
    gone = f"http://127.0.0.1:{proxies.free_port()}"
    with support.Simulator(runs.work, *DATA) as simulator:
        outcome = runs.run(simulator, "--proxy", gone)
        cases.expect("no proxy there", outcome, support.TEMPORARY, f"proxy {gone}: ", "refused")
        for command in (["symbols"], ["symbols", "--refresh", "--store", "asked"], ["sources"]):
            asked = runs.work.run("bf-engine", *command, "--exchange", "binance", "--market", "spot",
                                  *simulator.sources(), "--proxy", gone)  # fmt: skip
            cases.expect(f"{' '.join(command)}: no proxy there", asked, support.TEMPORARY, gone)
        cases.check("nothing goes another way", not simulator.requests())
    if proxies.Tinyproxy.path() is None:
        cases.skip("no exchange behind the proxy", "tinyproxy is not installed")
        return
    with proxies.Tinyproxy(False) as proxy:  # the simulator has gone
        outcome = runs.run(simulator, "--proxy", proxy.url())
        words = ("it could not connect to 127.0.0.1:", proxy.url())
        cases.expect("no exchange behind the proxy", outcome, support.TEMPORARY, *words)


def inside_tls(cases, runs, kind, certificate, key):
    flags = [*DATA, "--tls-cert", certificate, "--tls-key", key]
    with kind(True) as proxy, support.Simulator(runs.work, *flags, tls=True) as simulator:
        env = {"BF_PROXY": proxy.good_url()}
        outcome = runs.run(simulator, env=env)
        name = f"TLS through {kind.program}"
        cases.expect(f"{name}: a wrong certificate", outcome, support.TEMPORARY, "--ca-file")
        cases.check(f"{name}: nothing was sent", not simulator.requests())
        outcome = runs.run(simulator, "--ca-file", certificate, env=env)
        cases.expect(f"{name}: the same one, trusted", outcome, support.COMPLETE)


def make_certificate(work):
    certificate, key = work.path / "cert.pem", work.path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-keyout", key, "-out", certificate, "-subj", "/CN=bf test"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def bans(cases, runs):
    fault = ["--fault", "klines status=418 retry_after=1000"]
    with proxies.Microsocks(True) as proxy, support.Simulator(runs.work, *DATA, *fault) as simulator:
        env = {"BF_PROXY": proxy.good_url()}
        rest = ["--source", "rest"]
        outcome = runs.run(simulator, *rest, env=env)
        cases.expect("a ban through a proxy", outcome, support.TEMPORARY, "418")
        stored = (runs.work.path / "state" / "bans").read_text(encoding="utf-8")
        key = f"\t127.0.0.1:{simulator.port} {proxy.url()}\t"
        cases.check("it is kept for that way, without the password", key in stored, stored)
        before = len(simulator.requests())
        outcome = runs.run(simulator, *rest, env=env)
        cases.expect("the next run that way", outcome, support.TEMPORARY, "418")
        cases.check("sends nothing", len(simulator.requests()) == before, simulator.requests())
        runs.run(simulator, *rest)
        cases.check("another way is another matter", len(simulator.requests()) > before)


def main():
    support.require_programs("bf-sim", "bf-engine")
    cases = support.Cases()
    with support.Workplace() as work, support.Workplace() as private:
        for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"):
            work.environment.pop(name, None)
        runs = Runs(work)
        for kind, knows_passwords in proxies.KINDS:
            for with_password in (False, True)[: 1 + knows_passwords]:
                each_proxy(cases, runs, kind, with_password)
        environment(cases, runs)
        what_is_down(cases, runs)
        if proxies.Microsocks.path() is None:
            cases.skip("a file, bans", "microsocks is not installed")
        else:
            command_line_and_file(cases, runs, private)
            bans(cases, runs)
        certificate, key = make_certificate(private)
        for kind in (proxies.Tinyproxy, proxies.Microsocks):
            if kind.path() is None:
                cases.skip(f"TLS through {kind.program}", "it is not installed")
            else:
                inside_tls(cases, runs, kind, certificate, key)
        leaks = runs.leaks()
        cases.check(f"no password in what {runs.count} runs said and wrote", not leaks, leaks)
    cases.end()


if __name__ == "__main__":
    main()
