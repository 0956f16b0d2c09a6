#!/usr/bin/env bash
# Format, include arrows, house rules, generated documents, shell scripts, clang-tidy at zero.
#
#   scripts/lint.sh [--fix|--quick]   --fix rewrites what clang-format would change; --quick leaves
#                                     clang-tidy out, which takes minutes
#
# clang-tidy reads build-dev/compile_commands.json; a file whose text and headers have not changed
# since it was last found clean is not analysed again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tool() { command -v "$1-14" || command -v "$1"; }
mapfile -t sources < <(git ls-files --cached --others --exclude-standard -- \
    'src/*.[ch]' 'src/*.cc' 'include/*.h' 'tests/*.[ch]' 'bench/*.[ch]' 'examples/*.c' | sort -u)

if [ "${1:-}" = --fix ]; then
    "$(tool clang-format)" -i "${sources[@]}"
    exit
fi

"$(tool clang-format)" --dry-run --Werror "${sources[@]}"
echo "clang-format: ${#sources[@]} files"
python3 scripts/check-includes.py
python3 scripts/check-house.py
python3 scripts/errors-doc.py --check
python3 scripts/models-doc.py --check
git ls-files -- 'scripts/*.sh' '.ci/run' 'tests/*.sh' | xargs shellcheck --severity=warning --shell=bash --exclude=SC1090
[ "${1:-}" = --quick ] || python3 scripts/tidy.py "$(tool clang-tidy)" build-dev
