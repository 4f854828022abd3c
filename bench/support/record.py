"""The recorded figures: bench/results/latest.json has those of each bench's last recorded run, latest.md the same
as a table, DATE-COMMIT.json one whole run. Of these, the two latest ones are kept in git.
"""

import json
from pathlib import Path

from support import rows

RESULTS = Path(__file__).resolve().parent.parent / "results"
LATEST = RESULTS / "latest.json"


def latest():
    """Bench name -> its last recorded run."""
    return json.loads(LATEST.read_text(encoding="utf-8")) if LATEST.exists() else {}


def values(runs):
    """Row name -> value, of all benches."""
    return {one["name"]: one["value"] for run in runs.values() for one in run["rows"]}


def write(path, content):
    path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def keep(runs, order, date, commit):
    """Records a run of some benches; those that were not run keep what they had."""
    RESULTS.mkdir(exist_ok=True)
    write(RESULTS / f"{date.replace(':', '')}-{commit}.json", runs)
    all_ = latest() | runs
    all_ = {name: all_[name] for name in order if name in all_}
    write(LATEST, all_)
    (RESULTS / "latest.md").write_text(markdown(all_), encoding="utf-8")


def markdown(runs):
    lines = ["# Figures of the last recorded runs", "", "Written by `bench/run.py`; README.md says what they are."]
    for name, run in runs.items():
        machine = run["machine"]
        lines += [
            *("", f"## {name}", ""),
            f"{run['date']}, commit {machine['commit']}, {machine['cpu']}, {machine['cores']} cores, "
            f"{machine['memory_gib']} GiB, {machine['kernel']}, {machine['compiler']}; load before: "
            f"{machine['load_before']}.",
            "",
            f"| {' | '.join(rows.HEADINGS[:-1])} |",
            "| --- | ---: | --- | --- | --- | --- |",
        ]
        lines += [f"| {' | '.join(rows.cells(one)[:-1])} |" for one in run["rows"]]
    return "\n".join(lines) + "\n"
