#!/usr/bin/env bash
# Small runs of the optimised program under Valgrind: what compilers' sanitizers do not see, such as
# a value that was never set, in code as it is shipped. Any error or leak fails.
#
#   scripts/test-valgrind.sh [PROGRAM]       build/mc
#
# Valgrind knows AVX2 but not AVX-512; MC_CPU keeps the kernels to it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mc=$(realpath "${1:-build/mc}")
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 77; }
if grep -q __asan_init "$mc"; then echo "skipped: a program under AddressSanitizer"; exit 77; fi
models=$PWD/tests/golden/models
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME=$folder MC_CPU=avx2 MC_THREADS=2
printf 'one text\nand two of them\nthree texts, then\nfour\nfive\n' >texts.txt
printf 'one text\nthree texts, then\nsix\nseven at last\n' >others.txt

run() {
    echo "mc $*"
    valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        "$mc" --output-format json "$@" >out.json
}

build() { run geometry crm-build --output "$@"; }
build a.safetensors "$models/tiny-llama.gguf" --texts texts.txt --profile=trace.json 2>profile ||
    { cat profile; exit 1; }
build b.json "$models/tiny-llama" --texts texts.txt --pool mean --threads 1
# Nothing kept so far; all of it; a part.
for texts in texts.txt texts.txt others.txt; do
    build c.safetensors "$models/tiny-llama" --texts $texts --cache-activations
done
run geometry crm-show b.json
run geometry crm-compare --crm-a a.safetensors --crm-b b.json --permutations 9 --bootstrap 9
run geometry intrinsic-dimension a.safetensors --layers -1
run geometry fingerprint "$models/tiny-llama" --texts texts.txt
run geometry fingerprint "$models/tiny-llama" --texts texts.txt
run geometry validate "$models/tiny-llama" --texts texts.txt
run geometry atlas show MORE
run model probe "$models/tiny-llama.gguf"
run model explain "$models/tiny-llama"
run tokenize "$models/tiny-llama" "a text of some words"
run cache ls --files
run cache verify
run cache clear --yes
run storage status
run system status
echo "valgrind: no error, nothing lost"
