#!/usr/bin/env bash
# Install BUILD into a temporary folder, compile the examples against it with nothing but
# pkg-config, and with CMake's find_package, and run them. What a user of the library does, in
# continuous integration.
#
#   scripts/test-install.sh [BUILD]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=${1:-build}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT

cmake --install "$build" --prefix "$stage" >"$stage/log" || { cat "$stage/log"; exit 1; }
libdir=$(dirname "$(find "$stage" -name modelcypher.pc)")
export PKG_CONFIG_PATH=$libdir LD_LIBRARY_PATH=${libdir%/pkgconfig}
flags=$(pkg-config --cflags --libs modelcypher)

for source in examples/*.c; do
    program=$stage/$(basename "${source%.c}")
    # shellcheck disable=SC2086 # the flags are words
    ${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror "$source" -o "$program" $flags
    "$program" tests/golden/models/tiny-llama "$stage/result" >"$program.out" || { echo "$source failed:"; cat "$program.out"; exit 1; }
    [ -s "$program.out" ] || { echo "$source printed nothing"; exit 1; }
    echo "installed example: $source"
done

cmake -S examples -B "$stage/cmake" -DCMAKE_PREFIX_PATH="$stage" >"$stage/log" && cmake --build "$stage/cmake" >>"$stage/log" ||
    { cat "$stage/log"; exit 1; }
env -u LD_LIBRARY_PATH "$stage/cmake/crm_build" tests/golden/models/tiny-llama "$stage/result" | cmp - "$stage/crm_build.out"
echo "installed example: find_package(modelcypher)"

if [ -e "$stage/bin/modelcypher" ]; then
    version=$("$stage/bin/modelcypher" --version)
    [ "$version" = "mc $(pkg-config --modversion modelcypher)" ] || { echo "version is '$version'"; exit 1; }
    [ ! -L "$stage/bin/mc" ] || [ "$(readlink "$stage/bin/mc")" = modelcypher ] || { echo "mc is no link"; exit 1; }
    [ -s "$stage/share/man/man1/modelcypher.1" ] || { echo "no man page"; exit 1; }
    bash -n "$stage/share/bash-completion/completions/modelcypher"
    "$stage/bin/modelcypher" selftest >"$stage/out" || { echo "selftest failed:"; tail -20 "$stage/out"; exit 1; }
    grep -q "^folder .*share/modelcypher/selftest" "$stage/out" || { echo "selftest did not find the installed references"; exit 1; }
    echo "installed program: $version"
fi
