#!/usr/bin/env python3
"""Each bad input gives one clear message, the documented exit code, and loses nothing.

Goal: what a user or the world can get wrong ends in a message that names it and says what to do; the
store keeps every candle that it had.
Method: provoke each against bf-sim, look at the exit code and the words, and compare an export of what
was stored before with one afterwards.
"""

import contextlib
import os
import shutil
import socket
import subprocess

import support

SYMBOL = ["--exchange", "binance", "--market", "spot", "--symbol", "BTCUSDT"]
HELD = [*SYMBOL, "--from", "2020-01-01", "--to", "2020-01-02"]
# Of STORE, as docs/format.md has it: the version stands behind four bytes of magic.
VERSION_AT = 4
MORE = [*SYMBOL, "--from", "2020-01-02", "--to", "2020-01-04"]


def flags_and_names(cases, work, simulator):
    """What is wrong before anything is sent."""
    before = len(simulator.requests())
    sources = simulator.sources()

    reversed_range = [*SYMBOL, "--from", "2024-02-01", "--to", "2024-01-01"]
    for command in ("run", "plan"):
        outcome = work.run("bf-engine", command, *reversed_range, *sources)
        cases.expect(f"{command}: reversed range", outcome, support.USAGE, "reversed", "swap them")
    for text in ("yesterday", "2024-13-01", "-5w"):
        outcome = work.run("bf-engine", "run", *SYMBOL, "--from", text, *sources)
        cases.expect(f"--from {text}", outcome, support.USAGE, text, "--from")
    outcome = work.run("bf-engine", "run", "--exchange", "binnance", "--all", "--days", 1)
    cases.expect("unknown exchange", outcome, support.USAGE, "binnance", "did you mean")
    outcome = work.run("bf-engine", "run", *SYMBOL, "--days", 1, "--max-weight", "150%")
    cases.expect("--max-weight above 100%", outcome, support.USAGE, "--max-weight 150%")

    (work.path / "symbols.txt").write_text("BTCUSDT binance/spot\n# fine\nETHUSDT\n", "utf-8")
    outcome = work.run("bf-engine", "run", "--symbols-file", "symbols.txt", "--days", 1, *sources)
    cases.expect("unreadable line", outcome, support.USAGE, "symbols.txt:3", "SYMBOL EXCHANGE")
    outcome = work.run("bf-engine", "run", "--symbols-file", "none.txt", "--days", 1, *sources)
    cases.expect("no symbols file", outcome, support.USAGE, "none.txt")

    (work.path / "bf.toml").write_text('store = "x"\nmax-wieght = "50%"\n', "utf-8")
    outcome = work.run("bf-engine", "run", *HELD, "--config", "bf.toml", *sources)
    cases.expect("unknown key", outcome, support.USAGE, "bf.toml:2", "did you mean max-weight?")
    (work.path / "bf.toml").write_text('password = "hunter2"\n', "utf-8")
    outcome = work.run("bf-engine", "run", *HELD, "--config", "bf.toml", *sources)
    cases.expect("a secret in bf.toml", outcome, support.USAGE, "bf.toml:1", "secret")
    cases.check("it is not repeated", "hunter2" not in outcome.out + outcome.err, str(outcome))

    outcome = work.run("bf-engine", "run", *HELD, "--base-url", "binance=http://example.com")
    cases.expect("plain http to a host elsewhere", outcome, support.USAGE, "--base-url", "http")
    outcome = work.run("bf-engine", "status", "--store", "nowhere")
    cases.expect("no store", outcome, support.USAGE, "there is no store in nowhere", "--store")
    cases.check("nothing was sent", len(simulator.requests()) == before)


def exports(cases, work):
    """What bf-export refuses."""
    (work.path / "taken.csv").write_text("mine\n", "utf-8")
    outcome = work.run("bf-export", "taken.csv", *HELD)
    cases.expect("export over a file", outcome, support.USAGE, "taken.csv exists", "--force")
    kept = (work.path / "taken.csv").read_text("utf-8") == "mine\n"
    cases.check("the file is as it was", kept)
    outcome = work.run("bf-export", "out.parquet", *HELD)
    cases.expect("unknown format", outcome, support.USAGE, "out.parquet", "--format")
    outcome = work.run("bf-export", "out.csv", *HELD, "--columns", "open_time,clsoe")
    cases.expect("unknown column", outcome, support.USAGE, "did you mean close?")
    outcome = work.run("bf-export", "none/out.csv", *HELD)
    cases.expect("no such folder", outcome, support.USAGE, "none/out.csv")
    outcome = work.run("bf-export", "out.csv", "--symbol", "BTCUSDTT")
    cases.expect("a symbol that is not held", outcome, support.USAGE, "did you mean BTCUSDT?")
    left = [path.name for path in work.path.glob("*.part")]
    cases.check("no temporary file is left", not left and not (work.path / "out.csv").exists())


def unknown_symbol(cases, work, simulator):
    both = [*SYMBOL[:-1], "BTCUSDT,NOSUCH", *HELD[len(SYMBOL) :]]
    outcome = work.run("bf-engine", "run", *both, *simulator.sources(), "--store", "unknown")
    cases.expect("unknown symbol", outcome, support.USAGE, "NOSUCH", "bf-engine symbols")
    gaps = work.run("bf-verify", "gaps", *HELD, "--store", "unknown")
    cases.expect("the rest of the run was finished", gaps, support.COMPLETE, "0 slots missing")


def newer_store(cases, work, simulator):
    store = work.path / "newer"
    shutil.copytree(work.path / "bf-store", store)
    header = bytearray((store / "STORE").read_bytes())
    header[VERSION_AT] += 1
    (store / "STORE").write_bytes(header)
    for program, *arguments in (
        ("bf-engine", "run", *MORE, *simulator.sources()),
        ("bf-engine", "plan", *MORE, *simulator.sources()),
        ("bf-engine", "status"),
        ("bf-engine", "compact"),
        ("bf-verify", "check"),
        ("bf-export", "newer.csv"),
    ):
        outcome = work.run(program, *arguments, "--store", store)
        cases.expect(
            f"{program} {arguments[0]}: a newer store", outcome, support.STORAGE, "version"
        )
    header[VERSION_AT] -= 1
    (store / "STORE").write_bytes(header)
    outcome = work.run("bf-verify", "check", "--store", store)
    cases.expect("the newer store was not touched", outcome, support.COMPLETE, "0 damaged")


def locked_store(cases, work, simulator):
    """One writer holds the store, stalled; a second one is refused and a reader is not."""
    faults = ["--data", support.FIXTURES, "--no-limits", "--fault", "klines stall=10"]
    with support.Simulator(work, *faults) as stalled:
        writer = work.start(
            *("bf-engine", "run", *MORE, *stalled.sources(), "--source", "rest"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            support.wait_for(lambda: stalled.requests("klines"))
            outcome = work.run("bf-engine", "run", *MORE, *simulator.sources())
            cases.expect("a locked store", outcome, support.STORAGE, "cannot open the store")
            outcome = work.run("bf-engine", "compact")
            cases.expect("compacting a locked store", outcome, support.STORAGE, "cannot open")
            reader = work.run("bf-engine", "status")
            cases.expect("readers go on", reader, support.COMPLETE, "BTCUSDT")
        finally:
            writer.terminate()
            code = writer.wait(support.RUN_SECONDS_MAX)
        cases.check("SIGTERM ends the writer", code == support.TERMINATED, f"exit {code}")


@contextlib.contextmanager
def small_disk(work, size):
    """A tmpfs of `size`, or None where this may not be made."""
    disk = work.path / "disk"
    disk.mkdir()
    made = os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
        capture_output=True,
        check=False,
    ).returncode
    try:
        yield disk if made else None
    finally:
        if made:
            subprocess.run(["umount", disk], check=True)


def full_disk(cases, work, simulator):
    whole = [*SYMBOL[:-1], "ARBUSDT", "--from", "2023-03-23", "--to", "2023-09-01"]
    with small_disk(work, "2m") as disk:
        if disk is None:
            cases.skip("a full disk", "a tmpfs can be mounted by root alone")
            return
        store = disk / "store"
        run = ["bf-engine", "run", *whole, *simulator.sources(), "--source", "rest"]
        outcome = work.run(*run, "--store", disk / "guarded")
        cases.expect("a disk with little room", outcome, support.STORAGE, "--min-free")
        run += ["--min-free", "0"]
        outcome = work.run(*run, "--store", store)
        cases.expect("a full disk", outcome, support.STORAGE, "No space left")
        checked = work.run("bf-verify", "check", "--store", store)
        cases.expect("what was stored is whole", checked, support.COMPLETE, "0 damaged")
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        outcome = work.run(*run, "--store", store)
        cases.expect("with room again, the run goes on", outcome, support.COMPLETE)


def network(cases, work):
    """Nobody there, nobody listening, the wrong one listening."""
    outcome = work.run(
        *("bf-engine", "run", *MORE, "--source", "rest"),
        *("--base-url", "binance=https://no-such-host.invalid"),
    )
    cases.expect("no DNS", outcome, support.TEMPORARY, "no-such-host.invalid")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        outcome = work.run(
            *("bf-engine", "run", *MORE, "--source", "rest"),
            *("--base-url", f"binance=http://127.0.0.1:{port}"),
        )
    cases.expect("refused connection", outcome, support.TEMPORARY, "refused", str(port))


def make_certificate(work, name):
    """A self-signed certificate for 127.0.0.1; None without openssl."""
    if shutil.which("openssl") is None:
        return None
    certificate, key = work.path / f"{name}.pem", work.path / f"{name}.key"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-keyout", key, "-out", certificate, "-subj", "/CN=bf test"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    return certificate, key


def wrong_certificate(cases, work):
    made = make_certificate(work, "own")
    if made is None:
        cases.skip("a wrong certificate", "openssl is not installed")
        return
    certificate, key = made
    arguments = ["--data", support.FIXTURES, "--no-limits", "--tls-cert", certificate]
    with support.Simulator(work, *arguments, "--tls-key", key, tls=True) as secure:
        run = ["bf-engine", "run", *HELD, *secure.sources(), "--source", "rest", "--store", "tls"]
        outcome = work.run(*run)
        cases.expect("a wrong certificate", outcome, support.TEMPORARY, "certificate", "--ca-file")
        cases.check("nothing was sent to it", not secure.requests())
        outcome = work.run(*run, "--ca-file", certificate)
        cases.expect("the same one, trusted", outcome, support.COMPLETE)
        outcome = work.run(*run, "--ca-file", "none.pem")
        cases.expect("no such --ca-file", outcome, support.USAGE, "none.pem")


def archive_checksum(cases, work):
    faults = ["--data", support.FIXTURES, "--no-limits", "--fault", "checksum checksum"]
    um = ["--exchange", "binance", "--market", "um", "--symbol", "FILUSDT"]
    june = [*um, "--from", "2026-06-01", "--to", "2026-07-01", "--store", "archive"]
    with support.Simulator(work, *faults) as wrong:
        outcome = work.run("bf-engine", "run", *june, *wrong.sources(), "--source", "archive")
        cases.expect(
            *("an archive whose checksum does not match", outcome, support.QUALITY),
            *("its CHECKSUM file says", "nothing of it is stored"),
        )
        status = work.run("bf-engine", "run", *june, *wrong.sources(), "--source", "rest")
        cases.expect("REST brings what it did not", status, support.COMPLETE, "43,200 held")


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    with support.Workplace() as work:
        with support.Simulator(work, "--data", support.FIXTURES, "--no-limits") as simulator:
            filled = work.run("bf-engine", "run", *HELD, *simulator.sources(), "--source", "rest")
            cases.expect("a store to begin with", filled, support.COMPLETE)
            work.run("bf-export", "before.csv", *HELD)

            flags_and_names(cases, work, simulator)
            exports(cases, work)
            unknown_symbol(cases, work, simulator)
            newer_store(cases, work, simulator)
            locked_store(cases, work, simulator)
            full_disk(cases, work, simulator)
            network(cases, work)
            wrong_certificate(cases, work)
            archive_checksum(cases, work)

            work.run("bf-export", "after.csv", *HELD)
            before = (work.path / "before.csv").read_bytes()
            same = before.count(b"\n") == 1441 and before == (work.path / "after.csv").read_bytes()
            cases.check("what was held at first is held at last", same)
            finished = work.run("bf-engine", "run", *MORE, *simulator.sources())
            cases.expect("and the rest can still be fetched", finished, support.COMPLETE)
    cases.end()


if __name__ == "__main__":
    main()
