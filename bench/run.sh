#!/usr/bin/env bash
#
# Runs the benches of bench/README.md, one after another, and prints their tables.
# Usage: bench/run.sh BUILD_DIR [FOLDER]   FOLDER: where stores go (default: BUILD_DIR); a real disk
set -euo pipefail
[[ $# -ge 1 && -d $1 ]] || { echo 'usage: bench/run.sh BUILD_DIR [FOLDER]' >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
folder=${2:-$build}
store=$(mktemp -d "$folder/bf-virtual-XXXXXX")
trap 'rm -rf "$store"' EXIT

echo '== virtual run: 541 symbols x 90 days by REST'
"$build/bin/virtual_run_bench" "$store"
rm -rf "$store"
echo '== all exchanges at once'
"$build/bin/every_exchange_bench" "$store"
echo '== loopback throughput'
"$root/bench/loopback.py" "$build" --dir "$folder"
echo '== parsing'
(cd "$root" && "$build/bin/parse_bench" --benchmark_enable_random_interleaving=true)
for bench in codec scan append seal export open; do
  echo "== $bench"
  (cd "$root" && TMPDIR=$folder "$build/bin/${bench}_bench")
done
if command -v npm >/dev/null; then
  echo '== DuckDB beside bf'
  "$root/bench/duckdb_peer.py" "$build" --dir "$folder"
fi
echo '== HTTP client against the server in process'
"$build/bin/http_bench"
