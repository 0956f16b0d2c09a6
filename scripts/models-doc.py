#!/usr/bin/env python3
"""The tables of docs/models.md, from the tables of the sources and the cases of tests/golden.

  scripts/models-doc.py            rewrite them
  scripts/models-doc.py --check    fail when they are out of date, or when a family has no test of a form it claims"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOC = ROOT / "docs" / "models.md"
sys.path.insert(0, str(ROOT / "tests" / "oracle"))
sys.dont_write_bytecode = True
ROW = re.compile(r'\{ \.name = "(\w+)",(?: \.gguf = "([\w-]+)",)?\s*\.title = "([^"]*)"')
TYPE = re.compile(r'\[MC_DTYPE_\w+\]\s*= (PLAIN|BLOCKS)\("(\w+)",(.*)\),')
SCHEME = re.compile(r'\{ MC_SCHEME_\w+, \d+, \{ "([^"]*)",')


def families():
    """[(model_type, name in GGUF or "", title)], in the order of the table."""
    text = (ROOT / "src/model/arch_table.c").read_text()
    return ROW.findall(text[text.index("const mc_arch mc_arch_table[]"):])


def cases():
    """{model_type: [folders, files, wrapped]}: how many golden models each has."""
    from arch_cases import CASES

    counts = {}
    for case in CASES:
        own = case.layout if case.layout == "internlm2" else case.model_type  # the only layout with a name of its own
        row = counts.setdefault(own, [0, 0])
        row[1 if case.gguf else 0] += 1
    return counts


def weight_types():
    """(types of safetensors, types of GGUF) that are widened."""
    folder, file = [], []
    for kind, name, rest in TYPE.findall((ROOT / "src/format/dtype_table.c").read_text()):
        fields = [f.strip() for f in rest.split(",")]
        if fields[-1] == "NULL":
            continue
        if kind == "PLAIN" and fields[0] != "NULL" and not name.startswith("I") and name != "F8_E8M0":
            folder.append(name)
        if fields[1 if kind == "PLAIN" else 0] != "-1":
            file.append(name)
    return folder, file


def tables():
    known, counts = families(), cases()
    assert len(known) > 40 and len({n for n, _, _ in known}) == len(known), "the table of architectures is not read right"
    out = ["| family | `model_type` | GGUF | golden models: folders, GGUF |", "|---|---|---|---|"]
    untested = []
    for name, gguf, title in known:
        folders, files = counts.get(name, (0, 0))
        out.append("| %s | `%s` | %s | %d, %d |" % (title, name, "`%s`" % gguf if gguf else "", folders, files))
        if folders < 1 or (gguf and files < 1):
            untested.append(name)
    folder, file = weight_types()
    schemes = SCHEME.findall((ROOT / "src/model/weight_schemes.c").read_text())
    out += ["", "| where | types |", "|---|---|", "| safetensors | %s |" % ", ".join(folder), "| GGUF | %s |" % ", ".join(file),
            "| in several tensors | %s |" % ", ".join(schemes)]
    return "\n".join(out) + "\n", untested, len(known)


def main():
    begin, end = "<!-- tables: scripts/models-doc.py -->\n", "<!-- end of tables -->\n"
    made, untested, count = tables()
    if untested:
        print("no golden model in a form that the table claims: %s" % ", ".join(untested))
        return 1
    text = DOC.read_text()
    head, rest = text.split(begin)
    new = head + begin + made + end + rest.split(end)[1]
    if sys.argv[1:] == ["--check"]:
        if new != text:
            print("docs/models.md is out of date: run scripts/models-doc.py")
            return 1
        print("docs/models.md: %d families" % count)
        return 0
    DOC.write_text(new)
    return 0


sys.exit(main())
