"""What the tests of the programs share: a simulated exchange, a place to work in, and running.

Every script gets the folder of the built programs as its first argument, prints one line for each
case, and exits 0, or 1 when a case failed, or 77 when it could not be run here.
"""

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIXTURES = ROOT / "fixtures"
SKIPPED = 77

# The exit codes of README.md, "Exit codes".
COMPLETE, INTERNAL, USAGE, MISSING, QUALITY, TEMPORARY, STORAGE = 0, 1, 2, 3, 4, 5, 6
INTERRUPTED, TERMINATED = 130, 143

START_SECONDS_MAX = 30
RUN_SECONDS_MAX = 300


def bin_directory():
    """The folder of the programs; without one, the script cannot run."""
    if len(sys.argv) < 2:
        sys.exit(f"usage: {Path(sys.argv[0]).name} BIN_DIRECTORY")
    return Path(sys.argv[1]).resolve()


def require_programs(*names):
    """Ends the script as skipped where a program was not built."""
    missing = [name for name in names if not (bin_directory() / name).exists()]
    if missing:
        print(f"skipped: {', '.join(missing)} not built in {bin_directory()}")
        sys.exit(SKIPPED)


def sanitized():
    """Whether the engine was built with a sanitizer, which has its own memory beside the engine's."""
    program = (bin_directory() / "bf-engine").read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def wait_for(condition):
    """Polls until `condition()` is true; what it returned."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise RuntimeError("what was waited for did not happen")


class Outcome:
    """How a program ended, and what it said."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    def json(self):
        return json.loads(self.out)

    def __str__(self):
        return (
            f"$ {' '.join(map(str, self.command))}\nexit {self.code}\n"
            f"--- stdout\n{self.out}--- stderr\n{self.err}"
        )


class Workplace:
    """A temporary folder with its own store and state, and the programs run in it."""

    def __init__(self):
        self.path = Path(tempfile.mkdtemp(prefix="bf-test-"))
        # Nothing of the caller's environment may reach the programs.
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("BF_")
        }
        self.environment["NO_COLOR"] = "1"
        self.environment["BF_STATE_DIR"] = str(self.path / "state")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def start(self, program, *arguments, **options):
        """Starts a program; the caller waits for it."""
        return subprocess.Popen(
            [bin_directory() / program, *map(str, arguments)],
            cwd=self.path,
            env=self.environment,
            text=True,
            **options,
        )

    def run(self, program, *arguments, env=None, preexec_fn=None):
        """Runs a program to its end; `preexec_fn` is called in its process before it begins."""
        command = [bin_directory() / program, *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=self.path,
            env={**self.environment, **(env or {})},
            preexec_fn=preexec_fn,
            text=True,
            capture_output=True,
            timeout=RUN_SECONDS_MAX,
            check=False,
        )
        return Outcome(command, done.returncode, done.stdout, done.stderr)


class Simulator:
    """bf-sim on a port of its own."""

    def __init__(self, workplace, *arguments, tls=False):
        self.directory = Path(tempfile.mkdtemp(prefix="sim-", dir=workplace.path))
        self.ledger_path = self.directory / "ledger.jsonl"
        port_file = self.directory / "port"
        self.log = open(self.directory / "log", "w+", encoding="utf-8")
        self.process = workplace.start(
            "bf-sim",
            *("--port", 0, "--port-file", port_file, "--ledger", self.ledger_path),
            *arguments,
            stdout=self.log,
            stderr=self.log,
        )
        self.port = self._wait_for_port(port_file)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def _wait_for_port(self, port_file):
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline and self.process.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                return int(port_file.read_text(encoding="utf-8"))
            time.sleep(0.02)
        self.log.seek(0)
        said = self.log.read()
        self.stop()
        raise RuntimeError(f"bf-sim did not open its port; it said:\n{said}")

    def requests(self, *endpoints):
        """The requests so far, all or those to some endpoints."""
        if not self.ledger_path.exists():
            return []
        lines = self.ledger_path.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines]
        return [entry for entry in entries if not endpoints or entry["endpoint"] in endpoints]

    def sources(self):
        """The flags that send every request here."""
        return ["--base-url", f"binance={self.url}", "--archive-url", f"binance={self.url}/archive"]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_SECONDS_MAX)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class Series:
    """One line of fixtures/INDEX."""

    def __init__(self, line):
        where, self.symbol, self.interval, self.begin, self.end, rows, file = line.split()
        self.exchange, self.market = where.split("/")
        self.rows, self.file = int(rows), FIXTURES / file

    def __str__(self):
        return f"{self.exchange}/{self.market}/{self.symbol} {self.interval} from {self.begin}"

    def flags(self):
        return [
            *("--exchange", self.exchange, "--market", self.market, "--symbol", self.symbol),
            *("--interval", self.interval, "--from", self.begin, "--to", self.end),
        ]


def index():
    """Every series of the fixtures."""
    lines = (FIXTURES / "INDEX").read_text(encoding="utf-8").splitlines()
    return [Series(line) for line in lines if line and not line.startswith("#")]


class Cases:
    """Counts what holds and what does not."""

    def __init__(self):
        self.failed = self.passed = self.skipped = 0

    def check(self, name, holds, detail=""):
        if holds:
            self.passed += 1
            print(f"ok      {name}", flush=True)
        else:
            self.failed += 1
            print(f"FAILED  {name}\n{detail}", flush=True)
        return bool(holds)

    def skip(self, name, why):
        self.skipped += 1
        print(f"SKIPPED {name}: {why}", flush=True)

    def expect(self, name, outcome, code, *said):
        """The exit code, and words that stdout or stderr must have; never a crash's words."""
        text = outcome.out + outcome.err
        lacks = [word for word in said if word not in text]
        crashed = "assertion failed" in text or "Sanitizer" in text
        return self.check(
            name, outcome.code == code and not lacks and not crashed, f"lacks {lacks}\n{outcome}"
        )

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped")
        sys.exit(1 if self.failed else 0)
