#!/usr/bin/env python3
"""`bf-engine config` says what each key is set to, and by whom.

Goal: flag, environment, file and default are told apart, with the place; no password is shown; an unknown key
is an error with a suggestion.
Usage: config_test.py BIN_DIRECTORY
"""

import support

FILE = """\
store = "/srv/bf"
symbol = ["BTCUSDT", "ETHUSDT"]
max-weight = "40%"
days = 7
tolerance-ticks = "2"
[proxy]
all = "http://user:hunter2@proxy.example:3128"
"""


def by_key(outcome):
    return {setting["key"]: setting for setting in outcome.json()["settings"]}


def main():
    support.require_programs("bf-engine")
    cases = support.Cases()
    with support.Workplace() as work:
        file = work.path / "bf.toml"
        file.write_text(FILE, encoding="utf-8")
        file.chmod(0o600)
        told = work.run("bf-engine", "config", "--json")
        cases.expect("without a file", told, support.COMPLETE)
        settings = by_key(told)
        cases.check("a default", settings["store"]["value"] == "./bf-store", told)
        cases.check("is one", settings["store"]["from"] == "default", told)
        cases.check("the variable", settings["state-dir"]["where"] == "BF_STATE_DIR", told)

        flags = ["--config", file, "--concurrency", 8]
        environment = {"BF_MAX_WEIGHT": "50%", "BF_STORE": ""}
        told = work.run("bf-engine", "config", *flags, "--json", env=environment)
        cases.expect("from all of them", told, support.COMPLETE)
        settings = by_key(told)
        expected = {
            "store": ("/srv/bf", "file", f"{file}:1"),
            "symbol": (["BTCUSDT", "ETHUSDT"], "file", f"{file}:2"),
            "max-weight": ("50%", "environment", "BF_MAX_WEIGHT"),
            "concurrency": ("8", "flag", "--concurrency"),
            "kind": ("candles", "default", None),
            "tolerance-ticks": ("2", "file", f"{file}:5"),
        }
        for key, (value, origin, where) in expected.items():
            setting = settings[key]
            got = (setting["value"], setting["from"], setting["where"])
            cases.check(f"{key} by {origin}", got == (value, origin, where), got)
        cases.check("a masked proxy", "***@proxy.example:3128" in settings["proxy"]["value"][0], told)

        for more in ([], ["--json"], ["-v"]):
            told = work.run("bf-engine", "config", *flags, *more)
            cases.check(f"no password {more}", "hunter2" not in told.out + told.err, told.code)
        told = work.run("bf-engine", "config", env={"BF_PROXY": "http://u:hunter2,x@h:1"})
        hidden = "hunter2" not in told.out + told.err and "***" in told.out
        cases.check("nor one that breaks the URL", hidden, told)

        file.write_text('stroe = "x"\n', encoding="utf-8")
        wrong = work.run("bf-engine", "config", "--config", file)
        cases.expect("an unknown key", wrong, support.USAGE, "bf.toml:1", "did you mean store?")
    cases.end()


if __name__ == "__main__":
    main()
