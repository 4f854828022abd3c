#!/usr/bin/env bash
#
# Runs every fuzz target for FUZZ_SECONDS (20) with the golden stores and the recorded answers of
# exchanges as seeds. What a target finds on the way is kept in BUILD/corpus for the next run; an input
# that fails it, in BUILD/findings. FUZZ_SEED (1) begins the same sequence of inputs each time, so that a
# red run tells of the change before it; 0 draws new ones.
# Usage: tests/fuzz/run.sh BUILD_DIRECTORY [TARGET]...
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
shift
seconds=${FUZZ_SECONDS:-20} seed=${FUZZ_SEED:-1}
export ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1

golden=$(printf '%s\n' "$source"/tests/golden/v*/ | sort -V | tail -n 1)
rm -rf "$build/seeds"
"$build/bin/fuzz_seeds" "$golden" "$build/seeds"
mkdir -p "$build/findings"

targets=("$@")
[[ ${#targets[@]} -gt 0 ]] ||
  targets=(segment log manifest gap_cache ledger binance bitunix bybit deribit funding okx yahoo)

fuzz() {  # $1: target
  local target=$1 log=$build/findings/$1.log status=0
  mkdir -p "$build/corpus/$target" "$build/seeds/$target"
  # Those of exchanges begin with answers that were recorded, or made up in the same shape.
  find "$source/fixtures/api" "$source/tests/fuzz/answers" -name "$target-*" \
    -exec cp {} "$build/seeds/$target" \;
  "$build/bin/${target}_fuzz" -seed="$seed" -max_total_time="$seconds" -max_len=32768 -timeout=20 \
    -malloc_limit_mb=256 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$build/findings/$target-" "$build/corpus/$target" "$build/seeds/$target" \
    >"$log" 2>&1 || status=$?
  printf '== %s: %s s, exit %s\n%s\n' "$target" "$seconds" "$status" "$(cat "$log")"
  return "$status"
}
export -f fuzz
export source build seconds seed
# One a core, each on its own; xargs fails when one of them did.
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I {} bash -c 'fuzz {}'
