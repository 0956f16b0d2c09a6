#!/usr/bin/env python3
"""Make the tokenizers' corpus and its golden ids in tests/golden/tokenizer.

    tests/oracle/make_tokenizer_golden.py DEMO.gguf

corpus.txt.xz: one text a line, lines end at LF only. <name>.ids.xz: for each line its ids, separated by spaces, special
tokens as the tokenizer's own post-processor adds them. The ids come from Hugging Face `tokenizers`: for the files
of tests/data/tokenizers as they are, for the demo model's GGUF over its tokens and merges, with the pre-tokenizer that
its name "smollm" stands for (single digits, then byte-level without a prefix space). That vocabulary lacks the tokens
of 21 bytes; with no unknown token such bytes vanish.
"""

import json
import lzma
import pathlib
import sys

import gguf
import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

import corpus

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "tokenizer"
CONTROL, USER_DEFINED = 3, 4


def of_file(path):
    return Tokenizer.from_str(lzma.open(path, "rt", encoding="utf-8").read())


def of_gguf(path):
    fields = gguf.GGUFReader(path).fields
    kind, pre = (fields["tokenizer.ggml." + k].contents() for k in ("model", "pre"))
    if (kind, pre) != ("gpt2", "smollm"):
        sys.exit("%s: expected a gpt2 vocabulary with pre-tokenizer smollm, found %s, %s" % (path, kind, pre))
    tokens, types, merges = (fields["tokenizer.ggml." + k].contents() for k in ("tokens", "token_type", "merges"))
    merges = [tuple(m.split(" ")) for m in merges]
    t = Tokenizer(models.BPE(vocab={s: i for i, s in enumerate(tokens)}, merges=merges))
    t.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    t.decoder = decoders.ByteLevel()
    added = [AddedToken(s, special=kind == CONTROL, normalized=False) for s, kind in zip(tokens, types)
             if kind in (CONTROL, USER_DEFINED)]
    t.add_tokens(added)
    return t


def write_xz(path, text):
    data = text.encode("utf-8", "strict")
    path.write_bytes(lzma.compress(data, preset=9 | lzma.PRESET_EXTREME))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    lines = corpus.lines()
    write_xz(GOLDEN / "corpus.txt.xz", "".join(line + "\n" for line in lines))
    data = ROOT / "tests" / "data" / "tokenizers"
    made = {p.name: of_file(p / "tokenizer.json.xz") for p in sorted(data.iterdir()) if p.is_dir()}
    made["smollm2_gguf"] = of_gguf(sys.argv[1])
    about = {"tokenizers": tokenizers.__version__, "gguf": "0.19.0", "lines": len(lines), "tokens": {}}
    for name, tokenizer in made.items():
        ids = [tokenizer.encode(line, add_special_tokens=True).ids for line in lines]
        write_xz(GOLDEN / (name + ".ids.xz"), "".join(" ".join(map(str, i)) + "\n" for i in ids))
        about["tokens"][name] = sum(map(len, ids))
    (GOLDEN / "about.json").write_text(json.dumps(about, indent=1) + "\n")
    print(json.dumps(about))


if __name__ == "__main__":
    main()
