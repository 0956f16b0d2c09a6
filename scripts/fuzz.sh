#!/usr/bin/env bash
# Fuzz every parser with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]    3600 seconds each, all targets, one after another
#   JOBS=4 scripts/fuzz.sh                   four at a time
#
# The corpus of each target grows in build-fuzz/fuzz/<target>.corpus from run to run; it begins as
# the files that the replay of `make test` uses. A finding stops its target and stays in
# build-fuzz/fuzz/ as <target>-crash-*, -timeout-* or -oom-*: fix it and keep the file under
# tests/refuse/ or tests/fuzz/corpus/. One line a target goes to build-fuzz/fuzz/record.txt, which
# docs/fuzzing.md is written from. A single allocation of more than 256 MiB, which no input of at
# most 64 KiB can need, is a finding too.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-3600}
shift $(($# > 0))
folder=build-fuzz/fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz -j "$(nproc)"
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(basename -s .seeds -a "$folder"/*.seeds)

# The seeds' files under names of their content: folders may hold files of the same name.
plant() {
    mkdir -p "$2"
    while read -r seed; do
        find "$seed" -type f -size -64k
    done <"$1" | while read -r file; do
        cp -n "$file" "$2/$(sha1sum <"$file" | cut -c1-40)"
    done
}

# One target: its log, and a line of the record with the processor's seconds, which are fewer than
# the clock's where targets run side by side.
fuzz() {
    local target=$1 corpus=$folder/$1.corpus log=$folder/$1.log verdict=nothing runs coverage used
    local TIMEFORMAT=%U
    plant "$folder/$target.seeds" "$corpus"
    used=$( { time "build-fuzz/tests/fuzz_$target" -max_total_time="$seconds" -max_len=65536 \
        -timeout=$((20 * ${JOBS:-1})) -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1 \
        -artifact_prefix="$folder/$target-" "$corpus" >"$log" 2>&1; } 2>&1) || verdict=FOUND
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -c6-)
    printf '%s %-12s %6s s %7s s of processor %10s inputs %6s edges %5s files: %s\n' \
        "$(date -u +%F)" "$target" "$seconds" "${used%.*}" "${runs:-?}" "${coverage:-?}" \
        "$(find "$corpus" -type f | wc -l)" "$verdict" | tee -a "$folder/record.txt"
    [ "$verdict" = nothing ]
}

failed=0 running=0
for target in "${targets[@]}"; do
    if [ "$running" -ge "${JOBS:-1}" ]; then
        wait -n || failed=1
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
    wait -n || failed=1
    running=$((running - 1))
done
exit $failed
