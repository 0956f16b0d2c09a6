#!/usr/bin/env python3
"""docs/errors.md from MC_STATUS_LIST in include/modelcypher/error.h.

  scripts/errors-doc.py            rewrite it
  scripts/errors-doc.py --check    fail when it is out of date"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOC = ROOT / "docs" / "errors.md"
ROW = re.compile(r'X\((MC_\w+),\s*(\d+),\s*"([^"]*)"\)')

EXIT = {"MC_OK": "0", "MC_ERR_USAGE": "2", "MC_ERR_CHECK": "3", "MC_ERR_INTERRUPTED": "130"}

HEAD = """# Error codes

Generated from `MC_STATUS_LIST` in `include/modelcypher/error.h` by `scripts/errors-doc.py`.
A code is stable: it never changes its meaning and is never given to another error.

Every error carries a subject (what was being worked on), a reason (what is wrong with it, with the
values) and, where one is known, a hint (what to do). As text:

    mc: file ends too early: 'tiny.safetensors' [MC-1104]
      reason: needs 8388608 bytes at offset 8, only 4096 are left
      hint:   the file is probably truncated; fetch it again and compare sizes

With `--output-format json` or `yaml`, or `--ai`, standard error carries one object
`{"code", "title", "detail", "hint", "traceId"}`.

| code | name | title | exit code |
|---|---|---|---|
"""


def main():
    rows = ROW.findall((ROOT / "include/modelcypher/error.h").read_text())
    codes = [int(code) for _, code, _ in rows]
    assert len(rows) > 20 and len(set(codes)) == len(codes), "codes must be unique"
    text = HEAD + "".join(f"| MC-{int(code):04d} | `{name}` | {title} | {EXIT.get(name, '1')} |\n"
                          for name, code, title in rows if name != "MC_OK")
    if sys.argv[1:] == ["--check"]:
        if not DOC.exists() or DOC.read_text() != text:
            print("docs/errors.md is out of date: run scripts/errors-doc.py")
            return 1
        print(f"docs/errors.md: {len(rows) - 1} codes")
        return 0
    DOC.parent.mkdir(exist_ok=True)
    DOC.write_text(text)
    return 0


sys.exit(main())
