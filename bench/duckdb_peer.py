#!/usr/bin/env python3
"""DuckDB beside bf, on the same candles, in the same run, one thread each.

Takes the candles that scan_bench and export_bench use, as bf-export writes them, into DuckDB's own file
and into Parquet (zstd); measures sum(close), one day of one symbol and an export to CSV there, runs
the two benches of bf, and prints both with their ratios. Sums are compared before anything is printed.
Needs node and npm (DuckDB comes as the package @duckdb/node-api).

usage: bench/duckdb_peer.py BUILD_DIR [--rounds N] [--dir FOLDER]
"""

import argparse
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

from support.rows import Report

PACKAGE = "@duckdb/node-api@1.4.4-r.4"
ROOT = pathlib.Path(__file__).resolve().parent.parent

SCRIPT = r"""
import { DuckDBInstance } from '@duckdb/node-api';
import { statSync } from 'node:fs';
const [csv, folder, rounds] = process.argv.slice(2);
const file = folder + '/candles.duckdb';
const instance = await DuckDBInstance.create(file, { threads: '1' });
const db = await instance.connect();
const query = async (sql) => (await db.runAndReadAll(sql)).getRowObjects();
const timed = async (sql) => {
  const times = [];
  for (let i = 0; i < Number(rounds); ++i) {
    const began = process.hrtime.bigint();
    await query(sql);
    times.push(Number(process.hrtime.bigint() - began) / 1e9);
  }
  return times;
};
const figures = {};
for (const type of ['double', 'decimal(18,8)']) {
  const table = type === 'double' ? 'doubles' : 'decimals';
  const columns = ['open', 'high', 'low', 'close', 'volume', 'quote_volume', 'taker_buy_base',
                   'taker_buy_quote'].map((name) => `${name}::${type} as ${name}`).join(', ');
  await query(`create table ${table} as select series, open_time, ${columns}, trades
               from read_csv('${csv}', all_varchar = false) order by series, open_time`);
  await query('checkpoint');
  const [count] = await query(`select count(*)::int n, sum(close)::varchar s from ${table}`);
  const [day] = await query(`select min(series) s, min(open_time)::varchar t from ${table}`);
  const from = BigInt(day.t) + 86400000n;
  figures[table] = {
    rows: count.n,
    sum: count.s,
    sum_close: await timed(`select sum(close) from ${table}`),
    one_day: await timed(`select * from ${table} where series = '${day.s}' and
                          open_time >= ${from} and open_time < ${from + 86400000n}`),
    export_ten: await timed(`copy (select * exclude (series) from ${table}) to '${folder}/out.csv'`),
    export_six: await timed(`copy (select open_time, open, high, low, close, volume from ${table})
                             to '${folder}/out.csv'`),
  };
  const parquet = `${folder}/${table}.parquet`;
  await query(`copy ${table} to '${parquet}' (format parquet, compression zstd)`);
  figures[table + ' in Parquet'] = {
    rows: count.n,
    bytes: statSync(parquet).size,
    sum_close: await timed(`select sum(close) from '${parquet}'`),
    one_day: await timed(`select * from '${parquet}' where series = '${day.s}' and
                          open_time >= ${from} and open_time < ${from + 86400000n}`),
  };
}
console.log(JSON.stringify(figures));
"""


def run(command, **options):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, **options).stdout


def bf_figures(build):
    """Median seconds a pass of each bench, by name."""
    figures = {}
    for bench, names in (
        ("scan_bench", "sum/close|one_day/ten"),
        ("export_bench", "export"),
    ):
        out = run(
            [build / "bin" / bench, f"--benchmark_filter={names}", "--benchmark_format=json"],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
        )
        for one in json.loads(out)["benchmarks"]:
            if one.get("aggregate_name") == "median":
                figures[one["run_name"].split("/repeats")[0]] = one["real_time"] / 1e6
    return figures


def duckdb_figures(folder, csv, rounds):
    (folder / "peers.mjs").write_text(SCRIPT)
    run(["npm", "install", "--silent", "--no-audit", "--no-fund", PACKAGE], cwd=folder)
    out = run(["node", "peers.mjs", str(csv), str(folder), str(rounds)], cwd=folder)
    return json.loads(out.splitlines()[-1])


def closes_of(csv):
    """Rows of the export, and the closes' exact sum in units of 10^-8."""
    rows = total = 0
    with open(csv, encoding="ascii") as lines:
        close = next(lines).rstrip().split(",").index("close")
        for line in lines:
            whole, _, fraction = line.split(",")[close].partition(".")
            total += int(whole + fraction.ljust(8, "0"))
            rows += 1
    return rows, total


def own_seconds(bf):
    """bf's time for each figure."""
    return {"sum_close": bf["sum/close"], "one_day": bf["one_day/ten"],
            "export_ten": bf["export/ten"], "export_six": bf["export/six"]}


def leads(duckdb, bf):
    """How many times bf's time each of DuckDB's takes, as rows."""
    report = Report()
    for name, peer in duckdb.items():
        for figure, seconds in own_seconds(bf).items():
            if figure in peer:
                lead = statistics.median(peer[figure]) / seconds
                report.add(f"duckdb_peer/{name.replace(' ', '_')}/{figure}", lead, "times bf's time")
    return report


def table(duckdb, bf, rows):
    print(f"{rows} candles; rates in millions of rows a second, times in microseconds; ratio: bf's lead\n")
    print(f"{'':24} {'sum(close)':>12} {'ratio':>6} {'one day':>9} {'ratio':>6} "
          f"{'CSV, ten':>9} {'ratio':>6} {'CSV, six':>9} {'ratio':>6}")
    own = own_seconds(bf)
    for name, peer in [("bf", None), *duckdb.items()]:
        cells = []
        for figure, width in (("sum_close", 12), ("one_day", 9), ("export_ten", 9), ("export_six", 9)):
            seconds = own[figure] if peer is None else None
            if peer is not None and figure in peer:
                seconds = statistics.median(peer[figure])
            shown = ""
            if seconds is not None:
                shown = f"{seconds * 1e6:.0f}" if figure == "one_day" else f"{rows / seconds / 1e6:.2f}"
            ratio = f"{seconds / own[figure]:.1f}" if peer is not None and seconds else ""
            cells.append(f"{shown:>{width}} {ratio:>6}")
        print(f"{name:24} {' '.join(cells)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dir", type=pathlib.Path, help="where files go (default: a temporary folder)")
    parser.add_argument("--json", type=pathlib.Path, help="write bf's leads to this file, as rows")
    flags = parser.parse_args()
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            sys.exit(f"duckdb_peer.py: {program} is not installed")
    build = flags.build.resolve()
    with tempfile.TemporaryDirectory(dir=flags.dir and flags.dir.resolve()) as name:
        folder = pathlib.Path(name)
        csv = folder / "candles.csv"
        run([build / "bin" / "export_bench", f"--keep={csv}"], cwd=ROOT, stderr=subprocess.DEVNULL)
        rows, closes = closes_of(csv)
        duckdb = duckdb_figures(folder, csv, flags.rounds)
        exact = duckdb["decimals"]["sum"]
        if duckdb["decimals"]["rows"] != rows or int(re.sub(r"\.", "", exact)) != closes:
            sys.exit(f"duckdb_peer.py: DuckDB adds the closes up to {exact}, the export to {closes}e-8")
        bf = bf_figures(build)
        table(duckdb, bf, rows)
        print()
        leads(duckdb, bf).finish(flags.json)


if __name__ == "__main__":
    main()
