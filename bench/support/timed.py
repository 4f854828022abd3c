"""Runs a program and says what it took: timed.py FILE COMMAND...; FILE gets JSON, the output is the program's.

A process of its own, as small as can be: the kernel counts the memory of the one who starts a program into
that program's peak.
"""

import json
import os
import sys
import time


def main():
    target, *command = sys.argv[1:]
    began = time.monotonic()
    pid = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.monotonic() - began
    cpu = usage.ru_utime + usage.ru_stime
    with open(target, "w", encoding="ascii") as out:
        json.dump([os.waitstatus_to_exitcode(status), seconds, cpu, usage.ru_maxrss / 1024], out)


if __name__ == "__main__":
    main()
