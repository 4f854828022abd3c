#!/usr/bin/env python3
"""Every program says how it is used.

Goal: --help begins with examples and names every exit code's meaning, --version names the version, an
unknown command or flag is a usage error with a suggestion, and a secret on the command line is refused
without being repeated.
Method: run each program and command.
"""

import support

COMMANDS = {
    "bf-engine": ["run", "plan", "fill", "status", "compact", "symbols", "sources", "tune", "config"],
    "bf-verify": ["check", "gaps"],
    "bf-export": [],
    "bf-sim": [],
}


def check_help(cases, work, program, command):
    arguments = [command] if command else []
    shown = work.run(program, *arguments, "--help")
    name = " ".join([program, *arguments])
    cases.expect(f"{name} --help", shown, support.COMPLETE, f"  {program} ")
    if program == "bf-sim":
        return
    begins = shown.out.startswith("Examples:\n") and not shown.err
    cases.check(f"{name} --help begins with examples on stdout", begins, str(shown))
    if command or program == "bf-export":
        cases.expect(f"{name} --help names exit codes", shown, support.COMPLETE, "Exit codes", "130")


def main():
    support.require_programs(*COMMANDS)
    cases = support.Cases()
    with support.Workplace() as work:
        for program, commands in COMMANDS.items():
            for command in [None, *commands]:
                check_help(cases, work, program, command)
            shown = work.run(program, "--version")
            cases.check(f"{program} --version", shown.code == 0 and "0." in shown.out, str(shown))
        version = work.run("bf-engine", "--version")
        cases.expect("bf-engine --version says whom it trusts", version, 0, "trusted roots")

        for program in ("bf-engine", "bf-verify"):
            cases.expect(f"{program} alone", work.run(program), support.USAGE, "name a command")
        typo = work.run("bf-engine", "stauts")
        cases.expect("a command that is not there", typo, support.USAGE, "did you mean status?")
        typo = work.run("bf-engine", "run", "--symbls", "X")
        cases.expect("a flag that is not there", typo, support.USAGE, "did you mean --symbol?")
        secret = work.run("bf-engine", "run", "--api-secret=hunter2")
        cases.expect("a secret on the command line", secret, support.USAGE, "looks like a secret")
        cases.check("it is not repeated", "hunter2" not in secret.out + secret.err, str(secret))
    cases.end()


if __name__ == "__main__":
    main()
