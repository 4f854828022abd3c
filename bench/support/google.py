"""Benches of Google Benchmark: the medians of a program's cases as rows."""

import json
import re

CANDLES = "candles"  # the counter of count_candles()


def medians(path):
    """Case name -> what its median says."""
    figures = {}
    with open(path, encoding="utf-8") as file:
        cases = json.load(file)["benchmarks"]
        for one in sorted(cases, key=lambda case: case["family_index"]):  # as registered
            if one.get("aggregate_name", "median") == "median":
                figures[one["run_name"].split("/repeats")[0].split("/iterations")[0]] = one
    return {re.sub("/(real|manual)_time$", "", name): one for name, one in figures.items()}


def figures(one):
    """(what is behind the case's name, value, unit) of a case: its figure, or the memory that it counts."""
    memory = [
        (f"/{key.removesuffix('_KiB')}", value, "KiB")
        for key, value in one.items()
        if key.endswith("_KiB")
    ]
    return memory or [("", *figure(one))]


def figure(one):
    """Value and unit: a rate where the case counts candles, else its time."""
    if CANDLES in one:
        return one[CANDLES] / 1e6, "M candles/s"
    # Of the CPU, unless the case says that it waits for others.
    time = "real_time" if re.search("/(real|manual)_time", one["run_name"]) else "cpu_time"
    return one[time], one["time_unit"]
