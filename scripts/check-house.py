#!/usr/bin/env python3
"""Rules of the house that a compiler does not know, as patterns over the sources."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# what, where it is forbidden (path pattern), where it is allowed all the same, why
RULES = [
    (r"\bassert\s*\(", r"src/(format|tokenizer|atlas)/|src/base/(json|span|file_map)", None,
     "bytes of a file are no reason to abort: return an error"),
    (r"\b(printf|puts|putchar|perror|vprintf)\s*\(", r"src/", r"src/cli/",
     "only src/cli prints"),
    (r"\bfprintf\s*\(\s*std(out|err)", r"src/", r"src/cli/", "only src/cli prints"),
    (r"\b(exit|_exit|_Exit|abort|quick_exit)\s*\(", r"src/", r"src/cli/",
     "the library never exits or aborts"),
    (r"(?<![>.\w])(malloc|calloc|realloc|free|strdup|strndup|aligned_alloc|posix_memalign)\s*\(", r"src/",
     r"src/base/(alloc\.c|.*\.cc)",
     "heap calls go through base/alloc.h (a comment 'libc' says that libc allocated it)"),
    (r"\b(sprintf|vsprintf|gets|strtok|atoi|atof)\s*\(", r"(src|tests|examples)/", None,
     "unbounded or unchecked; use the sized or checked form"),
    (r"\b(TODO|FIXME|XXX)\b", r"(src|include|tests|examples)/", r"tests/golden/",
     "write NEEDSWORK: and a sentence"),
]

COMMENT_OR_TEXT = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def main():
    faults = []
    files = [p for top in ("src", "include", "tests", "examples") for p in (ROOT / top).rglob("*")
             if p.suffix in (".c", ".h", ".cc", ".cu")]
    for path in sorted(files):
        name = path.relative_to(ROOT).as_posix()
        text = path.read_text()
        code = COMMENT_OR_TEXT.sub(blank, text)
        for pattern, where, allowed, why in RULES:
            if not re.match(where, name) or (allowed and re.match(allowed, name)):
                continue
            for hit in re.finditer(pattern, text if "TODO" in pattern else code):
                line = code.count("\n", 0, hit.start()) + 1
                if "libc" in text.splitlines()[line - 1]:
                    continue
                faults.append(f"{name}:{line}: {hit.group().strip()}: {why}")
    print("\n".join(faults) if faults else f"house rules: {len(files)} files")
    return 1 if faults else 0


sys.exit(main())
