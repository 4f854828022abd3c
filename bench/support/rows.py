"""The rows that benches report: what was measured, what is wanted of it, and whether that is met.

A bench makes a Report, adds its figures, and ends with finish(), which prints the table and, where the
caller named a file, writes the same as JSON. bench/run.py collects those files.
"""

import json
import statistics

from support.wanted import AT_LEAST, WANTED


def row(name, values, unit):
    """One figure as a dictionary: the median of `values`, a number or several."""
    values = list(values) if isinstance(values, (list, tuple)) else [values]
    values = [float(f"{value:.6g}") for value in values]
    one = {"name": name, "value": statistics.median(values), "unit": unit}
    if len(values) > 1:
        one |= {"min": min(values), "max": max(values), "rounds": len(values)}
    return judged(one)


def judged(one):
    """The row with what is wanted of it, if anything is."""
    if one["name"] not in WANTED:
        return one
    wanted, direction = WANTED[one["name"]]
    met = one["value"] >= wanted if direction == AT_LEAST else one["value"] <= wanted
    return one | {"wanted": wanted, "direction": direction, "met": met}


def number(value):
    """Three or more significant digits, and whole numbers whole."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    digits = max(0, 2 - len(str(int(abs(value)))) + 1)
    if abs(value) < 1:
        return f"{value:.3g}"
    return f"{value:,.{digits}f}"


def cells(one, last=None):
    spread = f"[{number(one['min'])}-{number(one['max'])}]" if "min" in one else ""
    wanted = f"{one['direction']} {number(one['wanted'])}" if "wanted" in one else ""
    verdict = {True: "met", False: "NOT MET", None: ""}[one.get("met")]
    ratio = f"{one['value'] / last:.2f}" if last else ""
    return [one["name"], number(one["value"]), spread, one["unit"], wanted, verdict, ratio]


HEADINGS = ["what", "figure", "", "unit", "wanted", "", "to the last"]


def table(rows, lasts=None):
    """The rows as lines of text; with `lasts` (name -> value) also their ratio to the last run's."""
    lines = [HEADINGS] + [cells(one, (lasts or {}).get(one["name"])) for one in rows]
    if lasts is None:
        lines = [line[:-1] for line in lines]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in (1, 6) else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    )


class Report:
    """The rows of one bench."""

    def __init__(self):
        self.rows = []

    def add(self, name, values, unit):
        self.rows.append(row(name, values, unit))

    def value(self, name):
        return next(one["value"] for one in self.rows if one["name"] == name)

    def finish(self, json_file=None):
        """Prints the table; with a file, writes the rows there too."""
        print(table(self.rows), flush=True)
        if json_file:
            with open(json_file, "w", encoding="utf-8") as out:
                json.dump(self.rows, out, indent=1)
