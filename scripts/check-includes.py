#!/usr/bin/env python3
"""Arrows point down only: fail on an include from one folder of src/ to another that the picture
in ARCHITECTURE.md does not have, and on a door that somebody else opens."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# folder -> the folders it may include; base and include/modelcypher are open to all.
ARROWS = {
    "base": set(),
    "linalg": set(),
    "format": set(),
    "tokenizer": {"format"},
    "model": {"format"},
    "backend": {"model", "format"},
    "engine": {"backend", "model", "format"},
    "geometry": {"linalg"},
    "atlas": set(),
    "report": set(),
    "cache": {"format"},
    "capture": {"engine", "model", "tokenizer", "atlas", "cache", "format"},
    "analysis": {"report", "capture", "cache", "atlas", "geometry", "engine", "backend", "model",
                 "tokenizer", "format"},
    "cli": {"analysis", "report", "capture", "cache", "atlas", "geometry", "engine", "backend",
            "model", "tokenizer", "format"},
}

# A library with few doors: header -> the only paths that may include it.
DOORS = {
    "cblas.h": "src/linalg/",
    "lapacke.h": "src/linalg/",
    "simdjson.h": "src/base/json.cc",
    "toml++/toml.h": "src/cli/toml.cc",
    "xxhash.h": "src/base/hash.c",
    "pcre2.h": "src/tokenizer/",
    "utf8proc.h": ("src/tokenizer/", "src/atlas/texts.c"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)


def check(path):
    name = path.relative_to(ROOT).as_posix()
    own = name.split("/")[1]
    if own not in ARROWS:
        yield f"{name}: folder src/{own} has no row in scripts/check-includes.py"
        return
    for header in INCLUDE.findall(path.read_text()):
        door = DOORS.get(header)
        if door and not name.startswith(door):
            yield f"{name}: <{header}> may only be included by {door}"
        folder = header.split("/")[0]
        if "/" not in header or folder not in ARROWS or folder in ("base", own):
            continue
        if folder not in ARROWS[own]:
            yield f"{name}: includes {header}, but there is no arrow {own} -> {folder}"


def main():
    files = sorted(p for p in (ROOT / "src").rglob("*") if p.suffix in (".c", ".h", ".cc", ".cu"))
    faults = [fault for path in files for fault in check(path)]
    print("\n".join(faults) if faults else f"include arrows: {len(files)} files, all point down")
    return 1 if faults else 0


sys.exit(main())
