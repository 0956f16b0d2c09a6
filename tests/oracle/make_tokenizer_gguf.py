#!/usr/bin/env python3
"""Make tests/data/tokenizers/{smollm2,llama2}.gguf.xz: vocabularies as GGUF files without tensors.

    tests/oracle/make_tokenizer_gguf.py DEMO.gguf

smollm2: the metadata of the demo model's file, as it is. llama2: what llama.cpp's converter writes for the vocabulary
of tests/data/tokenizers/llama2; SentencePiece gives the token with id i the score 259 - i, and -1e9 to runs of spaces.
"""

import json
import lzma
import pathlib
import sys

import gguf

DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "data" / "tokenizers"
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def write(name, architecture, fill):
    path = DATA / (name + ".gguf")
    writer = gguf.GGUFWriter(path, architecture)
    fill(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    (DATA / (name + ".gguf.xz")).write_bytes(lzma.compress(path.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    path.unlink()


def smollm2(writer, demo):
    fields = gguf.GGUFReader(demo).fields
    value = lambda key: fields["tokenizer.ggml." + key].contents()
    writer.add_tokenizer_model(value("model"))
    writer.add_tokenizer_pre(value("pre"))
    writer.add_token_list(value("tokens"))
    writer.add_token_types(value("token_type"))
    writer.add_token_merges(value("merges"))
    writer.add_bos_token_id(value("bos_token_id"))
    writer.add_eos_token_id(value("eos_token_id"))
    writer.add_unk_token_id(value("unknown_token_id"))
    writer.add_add_bos_token(value("add_bos_token"))
    writer.add_add_space_prefix(value("add_space_prefix"))


def llama2(writer):
    file = json.load(lzma.open(DATA / "llama2" / "tokenizer.json.xz"))
    tokens = [token for token, _ in sorted(file["model"]["vocab"].items(), key=lambda item: item[1])]
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0 if i < 259 else -1e9 if set(t) == {"\u2581"} else 259.0 - i for i, t in enumerate(tokens)])
    writer.add_token_types([UNKNOWN if i == 0 else CONTROL if i < 3 else BYTE if i < 259 else NORMAL for i in range(len(tokens))])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write("smollm2", "llama", lambda writer: smollm2(writer, sys.argv[1]))
    write("llama2", "llama", llama2)


if __name__ == "__main__":
    main()
