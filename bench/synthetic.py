#!/usr/bin/env python3
"""Write a model with random weights in the shape of a known one: what a bench of shapes and weight types runs on.

    bench/synthetic.py SHAPE TYPE OUT.gguf --words DEMO.gguf [--blocks N]
    bench/synthetic.py SHAPE BF16 FOLDER --words tests/data/tokenizers/llama2 [--blocks N]

SHAPE is tiny, 135M, 0.5B or 7B; TYPE is F32, BF16, Q8_0, Q4_1 or Q4_K. A folder is a Hugging Face folder in shards. The
tokenizer is that of --words, a GGUF file or a folder. Weights are a few thousand random blocks of unit gain, repeated:
their values cost the same as any, and nothing on the disk is sparse. Standard library only.
"""

import argparse
import array
import json
import lzma
import pathlib
import random
import shutil
import struct

SHAPES = {"tiny": dict(hidden=64, ffn=128, heads=2, kv_heads=2, blocks=2),
          "135M": dict(hidden=576, ffn=1536, heads=9, kv_heads=3, blocks=30),
          "0.5B": dict(hidden=896, ffn=4864, heads=14, kv_heads=2, blocks=24),
          "7B": dict(hidden=4096, ffn=11008, heads=32, kv_heads=32, blocks=32)}
TYPES = {"F32": (0, 1), "Q4_1": (3, 32), "Q8_0": (8, 32), "Q4_K": (12, 256), "BF16": (30, 1)}  # number, values a block
POOL = 16411  # random blocks that are repeated: a prime, so that rows differ
ALIGNMENT, FILE_TYPE = 32, {"F32": 0, "Q4_1": 3, "Q8_0": 7, "Q4_K": 14, "BF16": 32}
FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes of the header's scalar types
STRING, ARRAY, U32, F32 = 8, 9, 4, 6
SHARD_BLOCKS = 8


def block_weights(shape_name):
    """Parameters of the matrices of one block."""
    s = SHAPES[shape_name]
    return 2 * s["hidden"] * (s["hidden"] + s["hidden"] // s["heads"] * s["kv_heads"]) + 3 * s["hidden"] * s["ffn"]


def half(x):
    return struct.pack("<e", x)


def one_block(kind, deviation):
    """The bytes of one block of weights of the given deviation around 0."""
    if kind in ("F32", "BF16"):
        data = struct.pack("<f", random.gauss(0, deviation))
        return data if kind == "F32" else data[2:]
    if kind == "Q8_0":
        return half(deviation / 74) + random.randbytes(32)
    if kind == "Q4_1":
        step = deviation / 4.6
        return half(step) + half(-7.5 * step) + random.randbytes(16)
    step = deviation / (31.5 * 4.6)
    return half(step) + half(7.5 * step) + random.randbytes(140)


def matrix(kind, rows, cols):
    """[rows, cols] as pieces of bytes."""
    pool = b"".join(one_block(kind, cols**-0.5) for _ in range(POOL))
    left = size_of(kind, rows, cols)
    while left > 0:
        yield pool[:left]
        left -= len(pool)


def size_of(kind, rows, cols):
    return rows * cols // TYPES[kind][1] * len(one_block(kind, 1.0))


# ---- the header ----

def string(text):
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def number(key, kind, form, value):
    return string(key) + struct.pack("<I" + form, kind, value)


def end_of_value(data, at, kind):
    if kind in FIXED:
        return at + FIXED[kind]
    if kind == STRING:
        return at + 8 + struct.unpack_from("<Q", data, at)[0]
    kind, count = struct.unpack_from("<IQ", data, at)
    at += 12
    if kind in FIXED:
        return at + count * FIXED[kind]
    for _ in range(count):
        at = end_of_value(data, at, kind)
    return at


def words_of(path):
    """The entries of another file's header that make its tokenizer, and the size of its vocabulary."""
    data = path.read_bytes()
    at, entries, vocabulary = 24, [], 0
    for _ in range(struct.unpack_from("<Q", data, 16)[0]):
        length = struct.unpack_from("<Q", data, at)[0]
        key = data[at + 8:at + 8 + length].decode()
        value = at + 12 + length
        kind = struct.unpack_from("<I", data, value - 4)[0]
        if key == "tokenizer.ggml.tokens":
            vocabulary = struct.unpack_from("<Q", data, value + 4)[0]
        end = end_of_value(data, value, kind)
        if key.startswith("tokenizer."):
            entries.append(data[at:end])
        at = end
    return entries, vocabulary


def keys_of(shape, kind, blocks, vocabulary):
    s, p = shape, "llama."
    counts = {p + "vocab_size": vocabulary, p + "context_length": 32768, p + "embedding_length": s["hidden"],
              p + "block_count": blocks, p + "feed_forward_length": s["ffn"], p + "attention.head_count": s["heads"],
              p + "attention.head_count_kv": s["kv_heads"], p + "rope.dimension_count": s["hidden"] // s["heads"],
              "general.file_type": FILE_TYPE[kind]}
    return ([string("general.architecture") + struct.pack("<I", STRING) + string("llama")] +
            [number(key, U32, "I", value) for key, value in counts.items()] +
            [number(p + "attention.layer_norm_rms_epsilon", F32, "f", 1e-5), number(p + "rope.freq_base", F32, "f", 1e4)])


def tensors_of(shape, kind, blocks, vocabulary):
    """Name, type, rows, columns; a vector has no rows. What a row cannot hold in whole blocks is Q8_0."""
    h, f = shape["hidden"], shape["ffn"]
    kv = h // shape["heads"] * shape["kv_heads"]
    block = [("attn_norm", 0, h), ("attn_q", h, h), ("attn_k", kv, h), ("attn_v", kv, h), ("attn_output", h, h),
             ("ffn_norm", 0, h), ("ffn_gate", f, h), ("ffn_up", f, h), ("ffn_down", h, f)]
    named = [("token_embd", vocabulary, h), ("output_norm", 0, h)]
    named += [("blk.%d.%s" % (i, name), rows, cols) for i in range(blocks) for name, rows, cols in block]
    for name, rows, cols in named:
        fits = kind if cols % TYPES[kind][1] == 0 else "Q8_0"
        yield name + ".weight", fits if rows else "F32", rows, cols


def padded(size):
    return (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def write(path, shape_name, kind, words, blocks=0):
    random.seed(20260)
    shape = SHAPES[shape_name]
    blocks = blocks or shape["blocks"]
    entries, vocabulary = words_of(words)
    entries = keys_of(shape, kind, blocks, vocabulary) + entries
    tensors = list(tensors_of(shape, kind, blocks, vocabulary))
    header, offset = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(entries))] + entries, 0
    for name, fits, rows, cols in tensors:
        dims = (cols, rows) if rows else (cols,)
        header.append(string(name) + struct.pack("<I%dQIQ" % len(dims), len(dims), *dims, TYPES[fits][0], offset))
        offset += padded(size_of(fits, rows or 1, cols))
    pieces = {}
    with path.open("wb") as out:
        out.write(b"".join(header))
        out.write(bytes(padded(out.tell()) - out.tell()))
        for _, fits, rows, cols in tensors:
            key = (fits, rows, cols)
            if key not in pieces:
                pieces[key] = list(matrix(fits, rows, cols)) if rows else [array.array("f", [1.0] * cols).tobytes()]
            for piece in pieces[key]:
                out.write(piece)
            out.write(bytes(padded(out.tell()) - out.tell()))


# ---- a folder ----

FOLDER_NAMES = {"attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
                "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
                "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


def folder_name(name):
    """The name in a Hugging Face folder of a tensor of a GGUF file."""
    parts = name.split(".")
    if parts[0] == "blk":
        return "model.layers.%s.%s.weight" % (parts[1], FOLDER_NAMES[parts[2]])
    return {"token_embd": "model.embed_tokens.weight", "output_norm": "model.norm.weight"}[parts[0]]


def shard_of(name):
    parts = name.split(".")
    return 1 + int(parts[1]) // SHARD_BLOCKS if parts[0] == "blk" else 0


def write_shard(path, tensors):
    header, offset = {}, 0
    for name, rows, cols in tensors:
        size = size_of("BF16", rows or 1, cols)
        header[folder_name(name)] = {"dtype": "BF16", "shape": [rows, cols] if rows else [cols],
                                     "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pieces = {}
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, rows, cols in tensors:
            if (rows, cols) not in pieces:
                pieces[rows, cols] = list(matrix("BF16", rows, cols)) if rows else [struct.pack("<H", 0x3F80) * cols]
            for piece in pieces[rows, cols]:
                out.write(piece)


def copy_words(words, folder):
    """Its tokenizer (compressed or not); the size of its vocabulary."""
    packed, out = words / "tokenizer.json.xz", folder / "tokenizer.json"
    out.write_bytes(lzma.decompress(packed.read_bytes()) if packed.exists() else (words / "tokenizer.json").read_bytes())
    shutil.copy(words / "tokenizer_config.json", folder)
    tokenizer = json.loads(out.read_text())
    return 1 + max(list(tokenizer["model"]["vocab"].values()) + [t["id"] for t in tokenizer["added_tokens"]])


def write_folder(folder, shape_name, words, blocks=0):
    random.seed(20260)
    shape = SHAPES[shape_name]
    blocks = blocks or shape["blocks"]
    folder.mkdir()
    vocabulary = copy_words(words, folder)
    tensors = [(name[:-len(".weight")], rows, cols) for name, _, rows, cols in tensors_of(shape, "BF16", blocks, vocabulary)]
    count, index = 1 + max(shard_of(name) for name, _, _ in tensors), {}
    for number in range(count):
        path = folder / ("model-%05d-of-%05d.safetensors" % (number + 1, count))
        own = [t for t in tensors if shard_of(t[0]) == number]
        write_shard(path, own)
        index |= {folder_name(name): path.name for name, _, _ in own}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (folder / "config.json").write_text(json.dumps(dict(
        model_type="llama", hidden_size=shape["hidden"], intermediate_size=shape["ffn"], num_hidden_layers=blocks,
        num_attention_heads=shape["heads"], num_key_value_heads=shape["kv_heads"], vocab_size=vocabulary,
        max_position_embeddings=32768, rms_norm_eps=1e-5, rope_theta=10000.0, hidden_act="silu", tie_word_embeddings=True,
        torch_dtype="bfloat16")))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("type", choices=TYPES)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--words", type=pathlib.Path, required=True, help="a GGUF file, or for a folder a folder, whose tokenizer is taken")
    parser.add_argument("--blocks", type=int, default=0, help="0: as many as the shape has")
    args = parser.parse_args()
    if args.out.suffix == ".gguf":
        write(args.out, args.shape, args.type, args.words, args.blocks)
    elif args.type == "BF16":
        write_folder(args.out, args.shape, args.words, args.blocks)
    else:
        parser.error("a folder is written in BF16 only")


if __name__ == "__main__":
    main()
