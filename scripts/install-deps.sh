#!/usr/bin/env bash
# Install the Debian packages that building and testing need and that are missing; does nothing
# when none is. As root or with sudo; otherwise it says what to install.
#
#   scripts/install-deps.sh [clang]     also what ThreadSanitizer and libFuzzer are run with
set -euo pipefail

packages=(
    build-essential cmake ninja-build pkg-config python3 python3-venv xz-utils ca-certificates
    libopenblas-dev liblapacke-dev libpcre2-dev libutf8proc-dev libsimdjson-dev libxxhash-dev
    libtomlplusplus-dev libcmocka-dev
    zsh fish mandoc python3-jsonschema # tests of completions, manual pages and JSON results
    clang-format-14 clang-tidy-14 shellcheck # make lint
    valgrind strace                          # make test
)
[ "${1:-}" != clang ] || packages+=(clang libclang-rt-14-dev llvm)

if ! command -v dpkg-query >/dev/null; then
    echo "install-deps: not a Debian system; needed are the equivalents of: ${packages[*]}" >&2
    exit 0 # CMake names what is really missing
fi

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" = 0 ]; then
    root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    root=(sudo)
else
    echo "install-deps: packages are missing and this user cannot install them" >&2
    echo "  as root: apt-get install -y ${missing[*]}" >&2
    exit 1
fi

echo "install-deps: installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
"${root[@]}" apt-get update -q >&2
"${root[@]}" apt-get install -qy --no-install-recommends "${missing[@]}" >&2
