#!/usr/bin/env python3
"""A kill at any system call that changes the disk loses nothing, doubles nothing, and invents nothing.

Goal: whichever of its system calls a process of the standard run (tests/kill) is killed in front of,
another process finds all that was acknowledged, each row once and in order, `bf-verify check` is clean,
and the run goes on to the same content hash.
Method: one run under strace lists its calls that change the disk; then one run for each of them is killed
there (strace -e inject). Then runs are killed at random moments, each store again and again until it
is complete. A part of the run repairs a damaged store; it begins with a copy of one.
BF_KILL_STRIDE tries every n-th call (37; 1 tries all), BF_KILLS says how many kills at random (60),
BF_KILL_SEED when. Stores lie in TMPDIR, or in memory where that is not set: a kill leaves what was
written, whatever lies below.
"""

import contextlib
import itertools
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import support

STRIDE = int(os.environ.get("BF_KILL_STRIDE", "37"))
KILLS = int(os.environ.get("BF_KILLS", "60"))
SEED = int(os.environ.get("BF_KILL_SEED", "1"))
WORKERS = 2
STORE_KILLS_MAX = 20  # at random, then the store is completed
MEMORY = "/dev/shm"
POINTS_MIN = 3000  # of the whole run: fewer, and it has shrunk

# Calls that change what a disk holds, and those that make what was changed durable. A write to stdout
# and an open that makes nothing are left out by their arguments.
CALLS = (
    "open openat openat2 creat write pwrite64 writev pwritev pwritev2 fallocate truncate ftruncate "
    "fsync fdatasync sync_file_range rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat "
    "link linkat symlink symlinkat"
).split()
LINE = re.compile(r"^\d+ +(?P<call>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")
REQUESTS = itertools.count()


def changes_disk(call, arguments, result):
    """A call that fails changes nothing: a kill before it is one before the next call."""
    if result < 0:
        return False
    if call in ("open", "openat", "openat2"):
        return "O_CREAT" in arguments
    return not (call in ("write", "writev") and arguments.startswith(("1,", "2,")))


def strace_works():
    """Also where strace is installed, a container may forbid to trace."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-f", "-qq", "true"], capture_output=True, check=False).returncode == 0


class Place:
    """The folders of one store and its state, and what its lives said."""

    def __init__(self, work, base=None):
        self.path = work.path / f"place-{next(REQUESTS)}"
        self.path.mkdir()
        self.store, self.state = self.path / "store", self.path / "state"
        self.said = self.path / "said"
        self.said.touch()
        if base is not None:
            shutil.copytree(base.store, self.store)
            shutil.copytree(base.state, self.state)

    def command(self, life):
        program = support.bin_directory() / "standard_run"
        said = [self.said] if life in ("resume", "repair") else []
        return [program, life, self.store, self.state, *said]

    def start(self, life, prefix=()):
        environment = dict(os.environ)
        if prefix:  # LeakSanitizer cannot look at a process that is traced
            options = environment.get("ASAN_OPTIONS", "")
            environment["ASAN_OPTIONS"] = f"{options}:detect_leaks=0".lstrip(":")
        with open(self.said, "a", encoding="utf-8") as said:
            return subprocess.Popen(
                [*prefix, *self.command(life)],
                stdout=said,
                stderr=subprocess.PIPE,
                text=True,
                env=environment,
            )

    def live(self, life, prefix=()):
        """One life to its end: its exit code, and what was wrong."""
        process = self.start(life, prefix)
        _, wrong = process.communicate(timeout=support.RUN_SECONDS_MAX)
        return process.returncode, wrong

    def hashes(self):
        lines = self.said.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if line.startswith("hash ")][-3:]

    def remove(self):
        shutil.rmtree(self.path)


class Phase:
    """A part of the standard run: the life that is killed, the life that goes on, and the store
    that both begin with."""

    def __init__(self, work, name, goes_on, base=None):
        self.work, self.name, self.goes_on, self.base = work, name, goes_on, base
        self.kept = ""  # what is known of the base: nothing, or what its damage has left
        whole = self.place()
        began = time.monotonic()
        code, wrong = whole.live(name)
        self.seconds = time.monotonic() - began
        if code != 0:
            raise RuntimeError(f"{name}: {wrong}")
        self.hashes = whole.hashes()
        said = whole.said.read_text(encoding="utf-8").splitlines(keepends=True)
        self.kept = "".join(line for line in said if line.startswith("kept "))
        self.whole = whole

    def place(self):
        place = Place(self.work, self.base)
        place.said.write_text(self.kept, encoding="utf-8")
        return place

    def points(self):
        """Each call that changes the disk, as (call, how manieth of its kind)."""
        place = self.place()
        trace = place.path / "trace"
        prefix = ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={','.join(CALLS)}"]
        code, wrong = place.live(self.name, prefix)
        if code != 0:
            raise RuntimeError(f"{self.name} under strace: {wrong}")
        seen, points = {}, []
        for match in map(LINE.match, trace.read_text(encoding="utf-8").splitlines()):
            if match is None:
                continue
            call = match["call"]
            seen[call] = seen.get(call, 0) + 1
            if changes_disk(call, match["arguments"], int(match["result"])):
                points.append((call, seen[call]))
        place.remove()
        return points

    def verify(self, place):
        """`bf-verify check` of what a kill left: another process, which writes nothing."""
        if self.base is not None or not (place.store / "STORE").exists():
            return ""  # damaged to begin with, or not begun
        outcome = self.work.run("bf-verify", "check", "--store", place.store)
        return "" if outcome.code == support.COMPLETE else str(outcome)

    def kill_at(self, point):
        """What was wrong after a kill in front of that call."""
        call, number = point
        place = self.place()
        trace = ["-o", os.devnull, "-e", f"trace={call}"]
        inject = ["-e", f"inject={call}:signal=KILL:when={number}"]
        code, wrong = place.live(self.name, ["strace", "-f", "-qq", *trace, *inject])
        wrong = f"not killed: {code} {wrong}" if code != -9 else self.verify(place)
        wrong = wrong or self.finish(place)
        if not wrong:
            place.remove()
        return wrong

    def finish(self, place):
        code, wrong = place.live(self.goes_on)
        if code != 0:
            return f"exit {code}: {wrong}"
        return "" if place.hashes() == self.hashes else f"hashes {place.hashes()}"

    def kill_at_random(self, moments, kills_max):
        """(kills, what was wrong) of one store whose lives are killed until it is complete."""
        place, kills, life = self.place(), 0, self.name
        while kills < kills_max:
            process = place.start(life)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=moments.uniform(0, self.seconds))
            process.kill()
            _, wrong = process.communicate()
            if process.returncode != -9:
                if process.returncode != 0:
                    return kills, wrong
                break
            kills += 1
            wrong = self.verify(place)
            if wrong:
                return kills, wrong
            life = self.goes_on
        wrong = self.finish(place)
        place.remove()
        return kills, wrong


def kill_all_points(cases, pool, phases):
    points = [(phase, point) for phase in phases for point in phase.points()]
    cases.check("the run has all its calls", len(points) >= POINTS_MIN, f"{len(points)} calls")
    chosen = points[::STRIDE]
    began = time.monotonic()
    failed = 0
    for (phase, point), wrong in zip(chosen, pool.map(lambda item: item[0].kill_at(item[1]), chosen)):
        if wrong:
            failed += 1
            cases.check(f"{phase.name} killed in front of {point[0]} {point[1]}", False, wrong)
    cases.check(f"{len(chosen)} kills in front of a call", failed == 0, f"{failed} failed")
    kinds = sorted({point[0] for _, point in points})
    print(
        f"{len(chosen)} of {len(points)} calls ({', '.join(kinds)}) in "
        f"{time.monotonic() - began:.0f} s: {failed} failed"
    )


def kill_at_random(cases, pool, phases):
    lock, began = threading.Lock(), time.monotonic()
    total = {"kills": 0, "stores": 0, "failed": 0}

    def work(number):
        moments = random.Random(SEED * 1000 + number)
        while True:
            with lock:
                left = KILLS - total["kills"]
                phase = phases[0 if total["stores"] % 4 else -1]
                total["stores"] += 1
            if left <= 0:
                return
            kills, wrong = phase.kill_at_random(moments, min(left, STORE_KILLS_MAX))
            with lock:
                total["kills"] += kills
                total["failed"] += bool(wrong)
            if wrong:
                cases.check(f"{phase.name} killed at random", False, wrong)

    list(pool.map(work, range(WORKERS)))
    cases.check("kills at random", total["failed"] == 0, f"{total['failed']} stores failed")
    print(
        f"{total['kills']} kills at random over {total['stores'] - WORKERS} stores in "
        f"{time.monotonic() - began:.0f} s: {total['failed']} failed"
    )


def main():
    support.require_programs("standard_run", "bf-verify")
    if not strace_works():
        print("SKIPPED: strace is missing or may not trace here (tools/install-deps.sh installs it)")
        sys.exit(support.SKIPPED)
    if "TMPDIR" not in os.environ and os.access(MEMORY, os.W_OK):
        os.environ["TMPDIR"] = MEMORY
    cases = support.Cases()
    with support.Workplace() as work, ThreadPoolExecutor(WORKERS) as pool:
        fill = Phase(work, "fill", "resume")
        damaged = Place(work, fill.whole)
        code, wrong = damaged.live("damage")
        cases.check("a damaged store", code == 0, wrong)
        phases = [fill, Phase(work, "repair", "repair", damaged)]
        cases.check("repaired, the store says what it said", phases[1].hashes == fill.hashes)
        kill_all_points(cases, pool, phases)
        kill_at_random(cases, pool, phases)
    cases.end()


if __name__ == "__main__":
    main()
