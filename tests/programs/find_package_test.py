#!/usr/bin/env python3
"""Another project finds the store with find_package(bf), links it and reads what bf-engine wrote.

Goal: the installed package is whole: headers, libraries, their dependencies, and none of our own
warnings, flags or folders.
Method: install the build into a folder; configure and build tests/consumer against it; compare the
closes that it adds up with those of bf-export.
"""

import csv
import io
import re
import shutil
import subprocess
import sys
from decimal import Decimal

import support

FILE = support.FIXTURES / "binance" / "um" / "NEARUSDT-1m.csv.gz"
SERIES = "binance/um/NEARUSDT"


def cached(build, name):
    """The value of a variable of the build's CMake cache; "" where it has none."""
    text = (build / "CMakeCache.txt").read_text()
    found = re.search(rf"^{name}(?::\w+)?=(.*)$", text, re.MULTILINE)
    return found.group(1) if found else ""


def checked(*command):
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def build_consumer(build, folder):
    """The consumer's program, built against what the build installs."""
    prefix = folder / "prefix"
    checked("cmake", "--install", build, "--prefix", prefix)
    checked(
        *("cmake", "-S", support.ROOT / "tests" / "consumer", "-B", folder / "consumer"),
        *("-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_PREFIX_PATH={prefix}"),
        f"-DCMAKE_CXX_COMPILER={cached(build, 'CMAKE_CXX_COMPILER')}",
    )
    checked("cmake", "--build", folder / "consumer")
    return folder / "consumer" / "sum_closes"


def main():
    support.require_programs("bf-engine", "bf-export")
    build = support.bin_directory().parent
    if shutil.which("cmake") is None or cached(build, "BF_SANITIZE"):
        print("skipped: a library with sanitizers links only into programs with them")
        sys.exit(support.SKIPPED)
    cases = support.Cases()
    with support.Workplace() as work:
        program = build_consumer(build, work.path)
        imported = work.run("bf-engine", "import", FILE, "--as", SERIES)
        cases.expect("the import ends well", imported, support.COMPLETE)
        exported = work.run(
            *("bf-export", "-", "--format", "csv", "--exchange", "binance", "--market", "um"),
            *("--columns", "close", "--quiet"),
        )
        closes = [Decimal(row["close"]) for row in csv.DictReader(io.StringIO(exported.out))]
        out = checked(program, work.path / "bf-store", f"{SERIES}/candles/1m")
        wanted = f"{len(closes)} {sum(closes):.4f}"
        cases.check("the consumer reads every close", out.strip() == wanted, (out, wanted))
    cases.end()


if __name__ == "__main__":
    main()
