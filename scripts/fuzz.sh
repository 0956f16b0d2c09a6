#!/usr/bin/env bash
# Fuzz every parser with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
#
#   scripts/fuzz.sh [SECONDS [TARGET...]]    3600 seconds each, all targets, one after another
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

failed=0
for target in "${targets[@]}"; do
    corpus=$folder/$target.corpus log=$folder/$target.log
    plant "$folder/$target.seeds" "$corpus"
    verdict=nothing
    "build-fuzz/tests/fuzz_$target" -max_total_time="$seconds" -max_len=65536 -timeout=20 \
        -rss_limit_mb=2048 -malloc_limit_mb=256 -print_final_stats=1 \
        -artifact_prefix="$folder/$target-" "$corpus" >"$log" 2>&1 || { verdict=FOUND failed=1; }
    runs=$(sed -n 's/^stat::number_of_executed_units: //p' "$log")
    coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -c6-)
    printf '%s %-12s %6s s %10s inputs %6s edges %5s files: %s\n' "$(date -u +%F)" "$target" \
        "$seconds" "${runs:-?}" "${coverage:-?}" "$(find "$corpus" -type f | wc -l)" "$verdict" |
        tee -a "$folder/record.txt"
done
exit $failed
