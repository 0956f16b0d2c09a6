#!/usr/bin/env python3
"""hash_sources.py OUT NAME FILE...: a C file that defines the text NAME, a hash of the files' bytes in order."""
import hashlib
import pathlib
import sys

out, name, *files = sys.argv[1:]
total = hashlib.sha256()
for path in sorted(files):
    total.update(hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
pathlib.Path(out).write_text(
    f"extern const char {name}[];\nconst char        {name}[] = \"{total.hexdigest()[:32]}\";\n")
