#!/usr/bin/env python3
"""The tree keeps the rules that a compiler does not see.

Goal: no include points up, and no form that docs/architecture.md forbids comes back.
Method: read every source file without its comments and strings, and match.
Usage: layers_test.py [ROOT]; exit 1 and one line `file:line: what` for each finding.
"""

import re
import sys
from pathlib import Path

# Each room, and the rooms that its files may include besides their own. A file belongs to the longest
# room that its path begins with.
BASE = {"store/base"}
ASYNC = BASE | {"engine/async"}
ROOMS = {
    "store/base": set(),
    "store": BASE,
    "engine/async": BASE,
    "engine/net": ASYNC,
    "engine/limits": ASYNC,
    "engine/exchange": BASE | {"engine/limits"},
    "engine/plan": BASE | {"engine/exchange", "engine/limits", "store"},
    "engine/backfill": ASYNC
    | {"store", "engine/net", "engine/limits", "engine/exchange", "engine/plan"},
    "engine/sim": ASYNC | {"engine/net", "engine/limits", "engine/exchange"},
}
ROOMS["tools"] = set(ROOMS)

# Of some rooms others see a few headers alone: a planner the gap index of the store, and both planner
# and exchanges the limits as data.
PARTS = {
    ("engine/plan", "store"): re.compile(r"store/gap_index\.h"),
    ("engine/plan", "engine/limits"): re.compile(r"engine/limits/limit_rule\.h"),
    ("engine/exchange", "engine/limits"): re.compile(r"engine/limits/limit_rule\.h"),
}

# System headers, and the rooms that may include them.
SYSTEM_HEADERS = [
    (re.compile(r"uv\.h|uv/"), {"engine/async", "engine/net", "engine/sim", "tools"}),
    (re.compile(r"llhttp"), {"engine/net", "engine/sim"}),
    (
        re.compile(r"openssl/"),
        {"engine/net", "engine/exchange", "engine/backfill", "engine/sim", "tools"},
    ),
]

ALL = ("store", "engine", "tools", "tests", "bench")
CODE = ("store", "engine", "tools")
FORBIDDEN = [
    # (where, what must not be there, why, an example that it must find)
    (
        ALL,
        r"co_await[^;{}]*\[[^];]*\] *[({]",
        "a lambda inside a co_await expression: name it above",
        "co_await each([x] { return x; });",
    ),
    (
        ALL,
        r"switch \(co_await",
        "switch on a co_await: name the value",
        "switch (co_await next()) {",
    ),
    (
        ALL,
        r"\?[^;{}]*co_await",
        "co_await inside ?: : use if and else",
        "x = c ? co_await a() : b();",
    ),
    (
        ALL,
        r"([\w>]|= *)\{[^;{}]*co_await",
        "co_await inside a braced initialiser: await into a local first",
        "Row r{co_await a(), 1};",
    ),
    (
        ALL,
        r"co_await[^;{}]*[(,]\s*\{",
        "a braced temporary inside a co_await expression: name it",
        "co_await get(url, {.retries = 3});",
    ),
    (
        ALL,
        r"auto *&*\s*\[[^]]*\] *= *co_await",
        "a structured binding of a co_await: name it first",
        "auto [a, b] = co_await both();",
    ),
    (
        ("store", "engine"),
        r"\b(stod|stof|stold|strtod|strtof|strtold|atof)\b",
        "a decimal read as floating point",
        "double d = std::stod(text);",
    ),
    (
        ("tests",),
        r"this_thread::sleep_(for|until)|\b(usleep|nanosleep)\s*\(",
        "a test that sleeps: move a manual clock, or wait for the event",
        "std::this_thread::sleep_for(1ms);",
    ),
    (
        CODE,
        r"errno_error\([^;]*\berrno\)",
        "what makes the message may change errno before it is read: LastError().at(message)",
        'errno_error("remove " + path, errno);',
    ),
]
# The canary shows what each compiler makes of the forbidden forms, so it has them all.
CANARY = re.compile(r"tests/.*canary")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.M)
TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<text>R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"
               | "(?:\\.|[^"\\\n])*"
               | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+')""",
    re.S | re.X,
)


def blank(text, also_strings):
    """`text` with comments, and strings when asked, replaced by nothing but their line ends."""

    def lines_of(match):
        if match["comment"] is None and not also_strings:
            return match[0]
        return " " + "\n" * match[0].count("\n")

    return TOKEN.sub(lines_of, text)


def room_of(path):
    """The room of a path relative to the root, or None."""
    rooms = [room for room in ROOMS if path.startswith(room + "/")]
    return max(rooms, key=len, default=None)


def include_fault(root, path, quote, header):
    """What is wrong with this include, or None."""
    target = room_of(header)
    room = room_of(path)
    if quote == '"' and not (root / header).is_file():
        return f'"{header}" is not found from the root of the project'
    if target is None:
        for pattern, rooms in SYSTEM_HEADERS:
            if pattern.match(header) and room is not None and room not in rooms:
                return f"{room} may not include {header}"
        return None
    if room is None or target == room:  # tests and benches include what they like
        return None
    if target not in ROOMS[room]:
        return f"{room} may not include {header} of {target}"
    part = PARTS.get((room, target))
    if part is not None and not part.fullmatch(header):
        return f"{room} may not include {header}: of {target} it sees {part.pattern} alone"
    return None


def check_file(root, path):
    """Yields (line, what) for each finding in one file."""
    text = (root / path).read_text(encoding="utf-8")
    top = path.split("/")[0]
    if top in CODE and room_of(path) is None:
        yield 1, "lies in no room: name its room in this test"
    with_strings = blank(text, also_strings=False)
    for match in INCLUDE.finditer(with_strings):
        fault = include_fault(root, path, match[1], match[2])
        if fault is not None:
            yield with_strings.count("\n", 0, match.start()) + 1, fault
    code = blank(text, also_strings=True)
    if CANARY.match(path):
        return
    for tops, pattern, why, _ in FORBIDDEN:
        if top in tops:
            for match in re.finditer(pattern, code):
                yield code.count("\n", 0, match.start()) + 1, why


def main():
    for _, pattern, _, example in FORBIDDEN:
        assert re.search(pattern, example), f"{pattern} does not find {example}"
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent).resolve()
    paths = sorted(
        str(path.relative_to(root))
        for top in ALL
        for path in (root / top).rglob("*")
        if path.suffix in (".h", ".cpp")
    )
    findings = 0
    for path in paths:
        for line, what in check_file(root, path):
            print(f"{path}:{line}: {what}")
            findings += 1
    print(f"layers: {len(paths)} files, {findings} findings")
    return 1 if findings or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
