#!/usr/bin/env bash
# Cross-compile for 64-bit ARM and run the conformance suite (NEON tier against `ref` and against the
# portable tier's bits) and a whole crm-build of a tiny model under qemu's user mode.
#
#   scripts/test-aarch64.sh [FOLDER]      FOLDER defaults to build-aarch64
#
# As root on Debian it installs the cross compiler, qemu-user and the arm64 libraries (about 400 MB).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=${1:-build-aarch64}
packages=(gcc-aarch64-linux-gnu g++-aarch64-linux-gnu qemu-user)
for library in openblas lapacke pcre2 utf8proc xxhash cmocka tomlplusplus; do
    packages+=("lib$library-dev:arm64")
done
packages+=(libsimdjson14:arm64) # its -dev package exists for one architecture at a time: see below

missing=()
for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    [ "$(id -u)" = 0 ] || { echo "test-aarch64: as root: dpkg --add-architecture arm64; apt-get install ${missing[*]}" >&2; exit 1; }
    dpkg --add-architecture arm64
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "${missing[@]}" >&2
fi

# The headers of simdjson are the same everywhere; its pkg-config file is this machine's, pointed at the
# arm64 library.
arm=/usr/lib/aarch64-linux-gnu
mkdir -p "$folder/simdjson"
ln -sf "$arm/libsimdjson.so.14" "$folder/simdjson/libsimdjson.so"
sed "s|^libdir=.*|libdir=$(realpath "$folder")/simdjson|" "$(pkg-config --variable=pcfiledir simdjson)/simdjson.pc" \
    >"$folder/simdjson/simdjson.pc"
export PKG_CONFIG_LIBDIR=$folder/simdjson:$arm/pkgconfig:/usr/share/pkgconfig

cmake -S . -B "$folder" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMC_WERROR=ON \
    -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64-linux-gnu.cmake
cmake --build "$folder" --target mc test_backend_ops
ctest --test-dir "$folder" --output-on-failure -R '^test_backend_ops$'

# The same numbers, to the bit, as this machine's own program where there is one.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=tests/golden/models/tiny-llama
states() { python3 -c '
import struct, sys
data = open(sys.argv[1], "rb").read()
sys.stdout.buffer.write(data[8 + struct.unpack("<Q", data[:8])[0]:])' "$1" | sha256sum; }
qemu-aarch64 "$folder/mc" geometry crm-build "$model" --atlas moral -o "$work/arm.crm.safetensors" --quiet >/dev/null
if [ -x build/mc ]; then
    build/mc geometry crm-build "$model" --atlas moral -o "$work/here.crm.safetensors" --quiet >/dev/null
    [ "$(states "$work/arm.crm.safetensors")" = "$(states "$work/here.crm.safetensors")" ] ||
        { echo "test-aarch64: the states differ from those of build/mc" >&2; exit 1; }
    echo "test-aarch64: same bits as build/mc"
fi
