#!/usr/bin/env python3
""".env.example can be loaded as it is, and with every line of it.

Goal: its values are ones that the programs take, and its defaults are the programs' own.
Method: a shell loads the file; then runs with every variable set, against bf-sim.
(That each variable is read: tests/cli/example_environment_test.cpp.)
Usage: example_environment_test.py BIN_DIRECTORY
"""

import re
import subprocess

import support

EXAMPLE = support.ROOT / ".env.example"
# What the test sets itself, and what stands in place of another.
PLACES = {"BF_STORE", "BF_STATE_DIR", "BF_BASE_URL", "BF_ARCHIVE_URL", "BF_PROXY", "BF_CA_FILE",
          "BF_LOG_FILE", "BF_SYMBOLS_FILE"}  # fmt: skip
INSTEAD = {"BF_FROM", "BF_TO", "BF_EVENTS", "BF_SYMBOL"}
# Values that the readers of a store would not take.
READERS = {
    "BF_FORMAT": ["bf-export", "-"],
    "BF_GAPS": ["bf-export", "-", "--format", "csv"],
    "BF_TIME": ["bf-export", "-", "--format", "csv"],
    "BF_FAIL_ON": ["bf-verify", "check"],
}


def variables(commented):
    """The variables that are set, or with `commented` all of them."""
    found = {}
    pattern = r"^(?:# )?(BF_[A-Z_]+)=(.*)$" if commented else r"^(BF_[A-Z_]+)=(.*)$"
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        match = re.match(pattern, line)
        if match:
            found[match[1]] = match[2]
    return found


def main():
    support.require_programs("bf-sim", "bf-engine", "bf-export", "bf-verify")
    cases = support.Cases()
    loaded = subprocess.run(
        ["sh", "-c", 'set -a; . "$1"; env', "sh", EXAMPLE],
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    got = dict(line.split("=", 1) for line in loaded.stdout.splitlines() if line.startswith("BF_"))
    cases.check("a shell loads it", got == variables(False), loaded.stderr + str(got))

    everything = variables(True)
    with support.Workplace() as work:
        market = ["--generate", 7, "--outage-every", 0]
        with support.Simulator(work, *market, "--no-limits") as simulator:
            env = {name: value for name, value in everything.items()
                   if name not in PLACES | INSTEAD}  # fmt: skip
            env["BF_SYMBOL"], env["BF_DAYS"] = "S000USDT", "1"
            ran = work.run("bf-engine", "run", *simulator.sources(), env=env)
            cases.expect("a run with every variable", ran, support.COMPLETE, "1,440 held")
            filled = work.run("bf-engine", "fill", *simulator.sources(), env=env)
            cases.expect("a fill with every variable", filled, support.COMPLETE)
            # Not up to now: a minute more may have passed.
            exported = work.run("bf-export", "-", "--from", "-12h", "--to", "-6h", env=env)
            cases.expect("an export with every variable", exported, support.COMPLETE, "open_time")
            checked = work.run("bf-verify", "check", env=env)
            cases.expect("a check with every variable", checked, support.COMPLETE)
        for name, command in READERS.items():
            refused = work.run(*command, env={name: "nonsense"})
            cases.expect(f"{name} is read", refused, support.USAGE, "nonsense")
    cases.end()


if __name__ == "__main__":
    main()
