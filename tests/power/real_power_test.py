#!/usr/bin/env python3
"""A power loss under a real file system takes nothing that was acknowledged.

Goal: whatever part of the unflushed blocks of an ext4, XFS or Btrfs is lost, it mounts, and the store on
it holds every acknowledged commit and nothing else. Method: the file system stands on a loop device over
a FUSE file that logs each write and flush (block_log.cpp). The log is cut anywhere; all before the last
flush is kept, each later 4 KiB kept or lost; the image is mounted and power_writer checks the store.
In every other run the file system writes back by itself meanwhile, by syncfs.

Usage: real_power_test.py BIN_DIRECTORY FILE_SYSTEM=IMAGES...       such as ext4=300 xfs=20 btrfs=20
FILE_SYSTEM `control` is an ext4 under a store that leaves the fdatasync of a commit out: there a
violation must be found. BF_POWER_SEED sets which runs and cuts. Exit 77: skipped, for it needs root,
FUSE, loop devices and the file system's mkfs.
"""

import ctypes
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

SKIPPED = 77
SEED = int(os.environ.get("BF_POWER_SEED", "1"))
IMAGES_A_RUN = 20
BLOCK = 4096
MIB = 1 << 20
ROOM_MIN = 2048 * MIB
START_SECONDS_MAX = 60
IN_NAMESPACE = "BF_POWER_IN_NAMESPACE"

# Size, how it is made, and how it is mounted.
FILE_SYSTEMS = {
    "ext4": (32 * MIB, ["mkfs.ext4", "-q", "-F"], []),
    "xfs": (320 * MIB, ["mkfs.xfs", "-q", "-f"], []),
    "btrfs": (128 * MIB, ["mkfs.btrfs", "-q", "-f"], ["-o", "nodiscard"]),
}
FILE_SYSTEMS["control"] = FILE_SYSTEMS["ext4"]
WRITE, FLUSH, MARK = 1, 2, 3


def skip(why):
    print(f"SKIPPED: {why}", flush=True)
    sys.exit(SKIPPED)


def call(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


class LoggedDisk:
    """The file system of an image, mounted on a loop device over block_log, while the block lasts."""

    def __init__(self, programs, work, image, mount_options):
        self.programs, self.image, self.mount_options = programs, image, mount_options
        self.log, self.fuse, self.root = work / "log", work / "fuse", work / "root"
        self.undo = []

    def __enter__(self):
        try:
            self._mount()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _mount(self):
        server = subprocess.Popen([self.programs / "block_log", self.image, self.log, self.fuse])
        self.undo.append(lambda: server.wait(START_SECONDS_MAX))
        self.undo.append(lambda: call("umount", self.fuse))
        deadline = time.monotonic() + START_SECONDS_MAX
        while not (self.fuse / "disk").exists():
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("block_log does not serve")
            time.sleep(0.01)
        loop = call("losetup", "--find", "--show", self.fuse / "disk")
        self.undo.append(lambda: call("losetup", "--detach", loop))
        call("mount", *self.mount_options, loop, self.root)
        self.undo.append(lambda: call("umount", self.root))

    def __exit__(self, *_):
        while self.undo:
            self.undo.pop()()

    def write_back(self, ended):
        """Has the file system write what waits, again and again, as it does by itself every few seconds."""
        libc = ctypes.CDLL(None)
        descriptor = os.open(self.root, os.O_RDONLY)
        while not ended.is_set():
            libc.syncfs(descriptor)
        os.close(descriptor)


def read_log(path):
    """The records: (kind, offset, bytes)."""
    data = path.read_bytes()
    records, at = [], 0
    while at < len(data):
        kind, size, offset = struct.unpack_from("<IIQ", data, at)
        records.append((kind, offset, data[at + 16 : at + 16 + size]))
        at += 16 + size
    return records


class Replay:
    """Images of the disk as it was at a cut; the cuts must rise."""

    def __init__(self, base, records):
        self.base, self.records = base, records
        self.flushed = 0  # records that are in the base

    def acknowledged(self, cut):
        """Commits of each series that were acknowledged before the cut."""
        commits = [0, 0, 0]
        for kind, _, data in self.records[:cut]:
            if kind == MARK:
                series, count = map(int, data.split())
                commits[series] = count
        return commits

    def crash(self, cut, chance, moment, target):
        """Writes the image; returns what tells it from others."""
        flush = max((i for i in range(cut) if self.records[i][0] == FLUSH), default=0)
        with open(self.base, "r+b") as image:
            for kind, offset, data in self.records[self.flushed : flush]:
                if kind == WRITE:
                    image.seek(offset)
                    image.write(data)
        self.flushed = max(self.flushed, flush)
        call("cp", "--sparse=auto", self.base, target)
        kept = []
        with open(target, "r+b") as image:
            for number in range(flush, cut):
                kind, offset, data = self.records[number]
                for at in range(0, len(data) if kind == WRITE else 0, BLOCK):
                    if moment.random() < chance:
                        kept.append((number, at))
                        image.seek(offset + at)
                        image.write(data[at : at + BLOCK])
        return (flush, *kept)


class PowerLosses:
    """Runs and images of one file system."""

    def __init__(self, programs, work, name):
        self.programs, self.work, self.name = programs, work, name
        self.size, self.mkfs, self.mount_options = FILE_SYSTEMS[name]
        self.control = name == "control"
        self.runs = self.images = self.writes = self.flushes = self.states = 0
        self.violations = []

    def record(self, seed):
        """One run of the store; the log of its disk, and the disk before it in `base`."""
        base, live = self.work / "base", self.work / "live"
        base.unlink(missing_ok=True)
        with open(base, "wb") as image:
            image.truncate(self.size)
        call(*self.mkfs, base)
        call("cp", "--sparse=auto", base, live)
        with LoggedDisk(self.programs, self.work, live, self.mount_options) as disk:
            ended = threading.Event()
            writing_back = threading.Thread(target=disk.write_back, args=(ended,))
            writes_back = seed % 2 == 0 and not self.control
            if writes_back:
                writing_back.start()
            try:
                weak = ["--without-log-sync"] if self.control else []
                writer = (self.programs / "power_writer", "run", disk.root / "store")
                call(*writer, disk.fuse / "marks", seed, *weak)
            finally:
                ended.set()
                if writes_back:
                    writing_back.join()
        self.runs += 1
        return base, read_log(self.work / "log")

    def check(self, image, seed, acknowledged):
        """What is wrong with the image, or ""."""
        root = self.work / "root"
        try:
            call("mount", "-o", ",".join(["loop", *self.mount_options[1:]]), image, root)
        except RuntimeError as error:
            return f"does not mount: {error}"
        try:
            call(self.programs / "power_writer", "check", root / "store", seed, *acknowledged)
            return ""
        except RuntimeError as error:
            return str(error)
        finally:
            call("umount", root)

    def try_run(self, seed, images):
        base, records = self.record(seed)
        self.writes += sum(kind == WRITE for kind, _, _ in records)
        self.flushes += sum(kind == FLUSH for kind, _, _ in records)
        moment = random.Random(f"{SEED} {self.name} {seed}")
        replay = Replay(base, records)
        different = set()
        for cut in sorted(moment.randint(1, len(records)) for _ in range(images)):
            chance = moment.choice([0, 0.2, 0.5, 0.8, 1])
            crashed = self.work / "crashed"
            acknowledged = replay.acknowledged(cut)
            different.add((*replay.crash(cut, chance, moment, crashed), *acknowledged))
            wrong = self.check(crashed, seed, acknowledged)
            self.images += 1
            if wrong:
                where = f"run {seed}, cut at record {cut} of {len(records)}, kept {chance}"
                self.violations.append(f"{self.name}, {where}, acknowledged {acknowledged}: {wrong}")
        self.states += len(different)

    def all(self, images):
        """Whether it ended as it should."""
        seed = 1_000 * SEED
        while self.images < images:
            self.try_run(seed, min(IMAGES_A_RUN, images - self.images))
            seed += 1
        holds = bool(self.violations) == self.control
        print(
            f"{'ok' if holds else 'FAILED'}: {self.name}: {self.images} images, {self.states} different,"
            f" of {self.runs} runs with {self.writes} writes and {self.flushes} flushes;"
            f" violations {len(self.violations)}{' (wanted: some)' if self.control else ''}",
            flush=True,
        )
        if not holds:
            print("\n".join(self.violations[:3]), flush=True)
        return holds


def require(programs, names):
    """Ends the script as skipped where it cannot be run."""
    for program in ("block_log", "power_writer"):
        if not (programs / program).exists():
            skip(f"{program} was not built (libfuse3-dev?)")
    if os.geteuid() != 0:
        skip("needs root")
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.path.exists(device):
            skip(f"needs {device}")
    for name in names:
        for tool in ("losetup", "mount", "umount", "unshare", FILE_SYSTEMS[name][1][0]):
            if not shutil.which(tool):
                skip(f"needs {tool}")


def probe(programs, work, name):
    """A container may have the devices and not the right to use them; the kernel may lack the file system."""
    losses = PowerLosses(programs, work, name)
    image = work / "probe"
    with open(image, "wb") as file:
        file.truncate(losses.size)
    call(*losses.mkfs, image)
    try:
        with LoggedDisk(programs, work, image, losses.mount_options):
            pass
    except RuntimeError as error:
        skip(f"this machine cannot mount {name} on a loop device over FUSE: {error}")


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: real_power_test.py BIN_DIRECTORY FILE_SYSTEM=IMAGES...")
    programs = Path(sys.argv[1]).resolve()
    wanted = [(name, int(count)) for name, count in (word.split("=") for word in sys.argv[2:])]
    require(programs, [name for name, _ in wanted])
    if IN_NAMESPACE not in os.environ:
        # In mounts of its own, which end with the script however it ends; and with them the loop devices.
        namespace = ["unshare", "--mount", "--propagation", "private"]
        if subprocess.run([*namespace, "true"], check=False).returncode != 0:
            skip("needs a mount namespace")
        os.environ[IN_NAMESPACE] = "1"
        os.execvp(namespace[0], [*namespace, sys.executable, *sys.argv])
    memory = Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free >= ROOM_MIN
    with tempfile.TemporaryDirectory(prefix="bf-power-", dir=memory if roomy else None) as folder:
        work = Path(folder)
        (work / "fuse").mkdir()
        (work / "root").mkdir()
        for name, _ in wanted:
            probe(programs, work, name)
        results = [PowerLosses(programs, work, name).all(count) for name, count in wanted]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
