#!/usr/bin/env python3
"""A second opinion from llama.cpp (llama-cpp-python) on the golden files.

    tests/oracle/check_llamacpp.py [DEMO.gguf]
    tests/oracle/check_llamacpp.py --pre [PATTERN]

Every tests/golden/arch/gguf_*: its states after the final norm as llama.cpp computes them (loosely: it rounds
activations for quantised types). With the demo model's GGUF: the ids of the tokenizer corpus, where
llama.cpp is known to differ on three lines: it takes U+001D for white space, Hugging Face does not.

--pre: every row of src/tokenizer/gguf_pre_table.c as `mc` (build/mc) cuts the corpus and as llama.cpp does, over Llama 3.1's
vocabulary. docs/tokenizers.md says where they differ on purpose; lines that are not in NFC or hold control characters are counted
apart.
"""

import ctypes
import fnmatch
import json
import lzma
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

import gguf
import llama_cpp
import numpy as np
import safetensors.numpy

from states import row_error

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden"
# llama.cpp multiplies quantised weights with activations rounded to 8 bits, F16 and BF16 with rounded ones too
LIMITS = {"f32": 1e-5, "llama3_rope": 1e-5, "f16": 3e-3, "bf16": 3e-2, "q8_0": 1e-1, "q4_0": 1e-1, "q4_1": 1e-1}


@llama_cpp.llama_log_callback
def quiet(_level, _text, _data):
    pass


def open_model(path, vocab_only=False):
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = vocab_only
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not model:
        sys.exit("llama.cpp cannot load %s" % path)
    return model


def final_states(model, ids):
    """The state after the final norm of every token: what llama.cpp calls embeddings without pooling."""
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = 512
    params.embeddings = True
    params.pooling_type = 0
    params.n_threads = params.n_threads_batch = 1
    params.type_k = params.type_v = 0  # F32: the default would round keys and values to F16
    params.flash_attn_type = 0
    context = llama_cpp.llama_init_from_model(model, params)
    batch = llama_cpp.llama_batch_init(len(ids), 0, 1)
    batch.n_tokens = len(ids)
    for i, token in enumerate(ids):
        batch.token[i], batch.pos[i], batch.n_seq_id[i], batch.logits[i] = token, i, 1, 1
        batch.seq_id[i][0] = 0
    if llama_cpp.llama_decode(context, batch) != 0:
        sys.exit("llama.cpp cannot decode")
    width = llama_cpp.llama_model_n_embd(model)
    rows = [np.ctypeslib.as_array(llama_cpp.llama_get_embeddings_ith(context, i), (width,)).copy() for i in range(len(ids))]
    llama_cpp.llama_batch_free(batch)
    llama_cpp.llama_free(context)
    return np.stack(rows)


def check_states(folder):
    golden = safetensors.numpy.load_file(folder / "golden.safetensors")
    model = open_model(folder / "model.gguf")
    cuts = golden["text_offsets"]
    got = np.concatenate([final_states(model, golden["token_ids"][a:b].tolist()) for a, b in zip(cuts[:-1], cuts[1:])])
    llama_cpp.llama_model_free(model)
    worst = row_error(got, golden["final"]).max()
    limit = next((v for k, v in LIMITS.items() if folder.name.endswith("_" + k)), 3e-2)
    print("%-24s worst row %.1e (limit %.0e)" % (folder.name, worst, limit))
    return worst <= limit


def check_ids(path):
    vocab = llama_cpp.llama_model_get_vocab(open_model(path, vocab_only=True))
    read = lambda name: lzma.open(GOLDEN / "tokenizer" / name, "rb").read().split(b"\n")[:-1]
    room = (llama_cpp.llama_token * 100000)()
    differing = []
    for number, (line, want) in enumerate(zip(read("corpus.txt.xz"), read("smollm2_gguf.ids.xz")), 1):
        n = llama_cpp.llama_tokenize(vocab, line, len(line), room, len(room), True, True)
        if list(room[:n]) != [int(i) for i in want.split()]:
            differing.append((number, line))
    print("token ids: %d of the lines differ from llama.cpp" % len(differing))
    for number, line in differing[:40]:
        print("  line %d: %r" % (number, line.decode()[:70]))
    return differing


def corpus():
    return lzma.open(GOLDEN / "tokenizer" / "corpus.txt.xz", "rb").read().split(b"\n")[:-1]


def write_vocabulary(path, pre):
    """Llama 3.1's tokens and merges, said to be cut another way."""
    file = json.load(lzma.open(ROOT / "tests" / "data" / "tokenizers" / "llama3_1" / "tokenizer.json.xz"))
    model, added = file["model"], file["added_tokens"]
    tokens = {i: t for t, i in model["vocab"].items()} | {a["id"]: a["content"] for a in added}
    out = gguf.GGUFWriter(path, "llama")
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre(pre)
    out.add_token_list([tokens[i] for i in range(len(tokens))])
    control = {a["id"] for a in added}
    out.add_token_types([3 if i in control else 1 for i in range(len(tokens))])
    out.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    out.add_bos_token_id(128000)
    out.add_eos_token_id(128001)
    out.add_add_bos_token(False)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.close()


def is_special(line):
    text = line.decode()
    return unicodedata.normalize("NFC", text) != text or any(unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp", "Cn")
                                                             and c not in " \t" for c in text)


def check_pre(name, lines, folder):
    path, texts = folder / "vocabulary.gguf", folder / "texts"
    write_vocabulary(path, name)
    texts.write_bytes(b"".join(line + b"\n" for line in lines))
    ours = subprocess.run([ROOT / "build" / "mc", "tokenize", path, "--file", texts, "--ids"], capture_output=True, check=True)
    vocab = llama_cpp.llama_model_get_vocab(open_model(path, vocab_only=True))
    room = (llama_cpp.llama_token * 100000)()
    differing = []
    for line, got in zip(lines, ours.stdout.decode().split("\n")):
        n = llama_cpp.llama_tokenize(vocab, line, len(line), room, len(room), False, True)
        if list(room[:n]) != [int(i) for i in got.split()]:
            differing.append(line)
    plain = [line for line in differing if not is_special(line)]
    print("%-24s %5d of %d lines differ, %d of them without special characters" % (name, len(differing), len(lines), len(plain)))
    for line in plain[:3]:
        print("    %r" % line.decode()[:100])
    return plain


def check_all_pre(pattern):
    rows = re.findall(r'\.names = "([^"]*)"', (ROOT / "src" / "tokenizer" / "gguf_pre_table.c").read_text())
    lines = corpus()
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            if fnmatch.fnmatch(row.split()[0], pattern) and row not in ("gemma4 granite-embed-multi-311m", "sarvam-moe"):  # no byte-level vocabulary
                check_pre(row.split()[0], lines, pathlib.Path(folder))


def main():
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    if sys.argv[1:2] == ["--pre"]:
        check_all_pre(sys.argv[2] if len(sys.argv) > 2 else "*")
        return
    good = [check_states(p) for p in sorted((GOLDEN / "arch").glob("gguf_*"))]
    if len(sys.argv) > 1:
        check_ids(sys.argv[1])
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
