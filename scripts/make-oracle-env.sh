#!/usr/bin/env bash
# Create the Python environment of the oracles and of the bench's peers.
#
#   scripts/make-oracle-env.sh [--with-llamacpp] [FOLDER]      FOLDER defaults to .venv-oracle in this repository
#
# Everything comes from PyPI, at the versions pinned in tests/oracle/requirements.txt (about 7 GB on disk: the torch wheel
# for Linux on x86-64 depends on the CUDA libraries and does not import without them; nothing here uses a GPU).
# --with-llamacpp also builds llama-cpp-python from source with JOBS (default 1) compile jobs.
# Golden files are made with Python 3.11; another version is refused unless PYTHON names it explicitly.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$root/.venv-oracle
llamacpp=no

fail() {
    printf 'make-oracle-env: %s\n' "$1" >&2
    exit 1
}

for arg in "$@"; do
    case $arg in
    -h | --help)
        sed -n '2,9s/^# \{0,1\}//p' "$0"
        exit 0
        ;;
    --with-llamacpp) llamacpp=yes ;;
    -*) fail "unknown option $arg (see --help)" ;;
    *) folder=$arg ;;
    esac
done

if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    command -v python3 >/dev/null || fail "python3 is missing"
    found=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    [ "$found" = 3.11 ] || fail "python3 is $found, the golden files are made with 3.11 (set PYTHON to use another)"
fi

[ -x "$folder/bin/python" ] || "$PYTHON" -m venv "$folder" || fail "cannot create $folder (Debian: apt-get install python3-venv)"
"$folder/bin/python" -m pip install --quiet --upgrade pip
"$folder/bin/python" -m pip install --quiet -r "$root/tests/oracle/requirements.txt"
if [ "$llamacpp" = yes ]; then
    CMAKE_BUILD_PARALLEL_LEVEL=${JOBS:-1} CMAKE_ARGS="-DMTMD_BUILD=OFF -DLLAMA_BUILD_TOOLS=OFF" \
        "$folder/bin/python" -m pip install --quiet -r "$root/tests/oracle/requirements-bench.txt"
fi
"$folder/bin/python" -c 'import torch, transformers; print("torch", torch.__version__, "transformers", transformers.__version__)'
