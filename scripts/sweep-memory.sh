#!/usr/bin/env bash
# Every allocation of a small run of every command fails once, alone and with all that follow: those
# of our code under AddressSanitizer, then those of everybody in the optimised program. `make test`
# does the same with some of them; this takes half an hour. docs/faults.md has what it found.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

MC_EVERY_ALLOCATION=1 build-dev/tests/test_no_memory
python3 tests/faults/malloc.py --mc build/mc --library build/tests/fail_malloc.so --points 0
