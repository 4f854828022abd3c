#!/usr/bin/env bash
#
# Backfills every series of fixtures/INDEX from bf-sim on loopback into BUILD_DIR/demo-store, verifies
# the store and exports it to CSV. A second run finds nothing missing and fetches nothing.
# Usage: tools/demo.sh BUILD_DIR
set -euo pipefail
[[ $# -eq 1 && -d $1 ]] || { echo 'usage: tools/demo.sh BUILD_DIR' >&2; exit 2; }
export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
store=$build/demo-store
exports=$build/demo
PATH=$build/bin:$build/tools:$build:$PATH
mkdir -p "$exports"

sim=''
finish() {
  local status=$?
  trap - EXIT INT TERM
  if [[ -n $sim ]]; then
    kill "$sim" 2>/dev/null || true
    wait "$sim" 2>/dev/null || true
  fi
  rm -f "$exports/port"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

rm -f "$exports/port"
bf-sim --data "$root/fixtures" --port 0 --port-file "$exports/port" >"$exports/bf-sim.log" 2>&1 &
sim=$!
for ((polls = 0; polls < 200; polls++)); do
  [[ -s $exports/port ]] && break
  kill -0 "$sim" 2>/dev/null || break
  sleep 0.05
done
if [[ ! -s $exports/port ]]; then
  echo 'demo: bf-sim did not open its port within 10 s; its log:' >&2
  cat "$exports/bf-sim.log" >&2
  exit 1
fi
url=http://127.0.0.1:$(<"$exports/port")

mapfile -t index < <(grep -v '^#' "$root/fixtures/INDEX")

# Sets `series`, the flags that select one line of INDEX, and its fields.
select_series() {
  read -r where symbol interval from to rows _ <<<"$1"
  series=(--exchange "${where%/*}" --market "${where#*/}" --symbol "$symbol" --interval "$interval"
    --from "$from" --to "$to" --store "$store")
}

fetched=0 micros=0
for line in "${index[@]}"; do
  select_series "$line"
  source=(--state-dir "$build/demo-state" --base-url "$where=$url" --archive-url "${where%/*}=$url/archive")
  plan=0
  bf-engine plan "${series[@]}" "${source[@]}" >"$exports/plan.txt" || plan=$?
  started=${EPOCHREALTIME/./}
  bf-engine run "${series[@]}" "${source[@]}"
  if [[ $plan -eq 3 ]]; then  # there was work
    micros=$((micros + ${EPOCHREALTIME/./} - started))
    fetched=$((fetched + rows))
  fi
done

bf-verify check --store "$store"

held=0 expected=0
for line in "${index[@]}"; do
  select_series "$line"
  csv=$exports/${where//\//-}-$symbol-$interval-${from%%T*}.csv
  bf-export "$csv" "${series[@]}" --force
  count=$(grep -c '^[0-9]' "$csv" || true)
  held=$((held + count))
  expected=$((expected + rows))
  [[ $count -eq $rows ]] || echo "demo: $csv has $count candles, fixtures/INDEX says $rows" >&2
done

bytes=$(find "$store" \( -name '*.seg' -o -name '*.log' \) -printf '%s\n' | awk '{ n += $1 } END { print n + 0 }')
awk -v held="$held" -v expected="$expected" -v fetched="$fetched" -v micros="$micros" -v bytes="$bytes" \
  -v series="${#index[@]}" -v store="${store#"$root"/}" -v exports="${exports#"$root"/}" 'BEGIN {
  print ""
  printf "coverage  %d of %d candles of %d series (%.2f %%)\n", held, expected, series, 100 * held / expected
  if (fetched > 0) printf "fetched   %d candles in %.2f s: %.0f candles/s\n", fetched, micros / 1e6, fetched / (micros / 1e6)
  else             printf "fetched   nothing: the store had it all\n"
  if (held > 0)    printf "store     %d bytes, %.1f a candle: %s\n", bytes, bytes / held, store
  printf "exports   %s\n", exports
}'
[[ $held -eq $expected ]]
