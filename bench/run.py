#!/usr/bin/env python3
"""Runs benches, prints what they measured beside what is wanted and the last recorded run, and records it.

  bench/run.py BUILD_DIR                    all of them (long)
  bench/run.py BUILD_DIR parse loopback     these
  bench/run.py BUILD_DIR --quick            all, shortened: whether they work; nothing is recorded
  bench/run.py --list                       their names

Exit codes: 0, all that ran were right (a wanted figure that is not met is no failure); 1, one failed or found a
wrong result; 2, usage.
"""
import argparse
import datetime
import pathlib
import shutil
import sys
import tempfile
import time

from support import catalogue, machine, record, rows


def run(bench, place, date):
    """One bench's record."""
    described = machine.describe(place.build)
    began = time.monotonic()
    figures = bench.figures(place)
    seconds = round(time.monotonic() - began, 1)
    return {"date": date, "machine": described, "seconds": seconds, "rows": figures}


def run_all(benches, place, date):
    """Records by name, and the names of those that failed."""
    lasts = record.values(record.latest())
    runs, failed = {}, []
    for bench in benches:
        print(f"\n== {bench.name}: {bench.about}", flush=True)
        try:
            runs[bench.name] = run(bench, place, date)
        except (RuntimeError, OSError, ValueError) as error:
            print(f"failed: {error}")
            failed.append(bench.name)
            continue
        print(f"\n{rows.table(runs[bench.name]['rows'], lasts)}", flush=True)
    return runs, failed


def arguments():
    form = argparse.RawTextHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    parser.add_argument("build", type=pathlib.Path, nargs="?", help="a release build, such as build/release")
    parser.add_argument("names", nargs="*", metavar="BENCH", help="all of them unless named")
    parser.add_argument("--list", action="store_true", help="print the names")
    parser.add_argument("--quick", action="store_true", help="shortened; nothing is recorded")
    parser.add_argument("--no-record", action="store_true", help="leave bench/results as it is")
    parser.add_argument("--rounds", type=int, help="of the benches on loopback and the peers (default: 5, DuckDB 7)")
    parser.add_argument("--dir", type=pathlib.Path, help="where stores go; a real disk (default: BUILD_DIR)")
    options = parser.parse_intermixed_args()
    if not options.list and (options.build is None or not (options.build / "bin").is_dir()):
        parser.error("BUILD_DIR/bin is not there")
    known = {bench.name for bench in catalogue.ALL}
    if unknown := set(options.names) - known:
        parser.error(f"no such bench: {', '.join(sorted(unknown))}; --list prints them")
    return options


def main():
    options = arguments()
    if options.list:
        print("\n".join(f"{bench.name:16} {bench.about}" for bench in catalogue.ALL))
        return 0
    chosen = [bench for bench in catalogue.ALL if not options.names or bench.name in options.names]
    build = options.build.resolve()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bf-bench-", dir=options.dir or build)).resolve()
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ")
    try:
        runs, failed = run_all(chosen, catalogue.Place(build, folder, options.quick, options.rounds), date)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if runs and not options.quick and not options.no_record:
        record.keep(runs, [bench.name for bench in catalogue.ALL], date, machine.commit())
    if failed:
        print(f"\nfailed: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
