"""What a figure was measured on, and of what: without names of hosts and folders."""

import os
import platform
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def first_match(path, pattern):
    """The first group of the first line of a file that matches; "" without one."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = re.search(pattern, text, re.MULTILINE)
    return found.group(1).strip() if found else ""


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=False, text=True, capture_output=True).stdout.strip()


def compiler(build):
    path = first_match(build / "CMakeCache.txt", r"^CMAKE_CXX_COMPILER:\w+=(.*)$")
    version = re.search(r"[Vv]ersion (\S+)|\) (\d\S+)$", output(path, "--version").split("\n")[0])
    kind = first_match(build / "CMakeCache.txt", r"^CMAKE_BUILD_TYPE:\w+=(.*)$")
    return f"{Path(path).name} {version.group(1) or version.group(2) if version else ''} {kind}"


def commit():
    name = output("git", "rev-parse", "--short=9", "HEAD") or "unknown"
    changed = output("git", "status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/results")
    return name + ("+changes" if changed else "")


def describe(build):
    memory = first_match("/proc/meminfo", r"^MemTotal:\s+(\d+) kB")
    return {
        "cpu": first_match("/proc/cpuinfo", r"^model name\s*:\s*(.*)$") or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory or 0) / 2**20),
        "kernel": f"{platform.system()} {platform.release().partition('-')[0]}",
        "system": first_match("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "compiler": compiler(build),
        "candles": "a larger folder" if "BF_DATA" in os.environ else "fixtures",
        "commit": commit(),
        "load_before": round(os.getloadavg()[0], 2),
    }
