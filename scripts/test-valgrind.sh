#!/usr/bin/env bash
# Small runs of the optimised program under Valgrind: what compilers' sanitizers do not see, such as
# a value that was never set, in code as it is shipped. Any error or leak fails.
#
#   scripts/test-valgrind.sh [PROGRAM]       build/mc
#
# Valgrind knows AVX2 but not AVX-512; MC_CPU keeps the kernels to it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v valgrind >/dev/null || { echo "valgrind is not installed: skipped"; exit 77; }
mc=$(realpath "${1:-build/mc}")
models=$PWD/tests/golden/models
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME=$folder MC_CPU=avx2
printf 'one text\nand two of them\nthree texts, then\nfour\nfive\n' >texts.txt

run() {
    echo "mc $*"
    valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
        "$mc" --output-format json "$@" >out.json
}

run geometry crm-build "$models/tiny-llama.gguf" --texts texts.txt --output a.safetensors --threads 2
run geometry crm-build "$models/tiny-llama" --texts texts.txt --output b.json --pool mean --threads 1
run geometry crm-show b.json
run geometry crm-compare --crm-a a.safetensors --crm-b b.json --permutations 9 --bootstrap 9 --threads 2
run geometry intrinsic-dimension a.safetensors --layers -1
run geometry atlas show MORE
run model probe "$models/tiny-llama.gguf"
run model explain "$models/tiny-llama"
run tokenize "$models/tiny-llama" "a text of some words"
run system status
echo "valgrind: no error, nothing lost"
