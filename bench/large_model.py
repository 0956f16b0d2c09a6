#!/usr/bin/env python3
"""What a model larger than memory costs: a synthetic model in the shape of Llama 2 7B, written to disk, measured once, deleted.

    bench/large_model.py [gguf|folder] [--layers 32] [--texts 64] [--work FOLDER] [--keep] [--max-rss GIB]

gguf is one file of Q4_K blocks (4.1 GB), folder a Hugging Face folder of BF16 in shards (13.5 GB). Every block of the
model has the same random weights, of unit gain so that states stay finite, and its own bytes on disk: nothing is sparse.
The tokenizer is Llama 2's, from tests/data. `mc geometry crm-build` runs the texts; the table says what it took, and its
largest resident memory, mapped pages included, as the kernel counts it (VmHWM). Exits with 1 when that is above
--max-rss (3). Runs in the oracle environment (scripts/make-oracle-env.sh)."""

import argparse
import json
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

import gguf
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[1]
TOKENIZERS = ROOT / "tests" / "data" / "tokenizers"
HIDDEN, FFN, HEADS, VOCABULARY = 4096, 11008, 32, 32000
MATRICES = {"attn_q": (HIDDEN, HIDDEN), "attn_k": (HIDDEN, HIDDEN), "attn_v": (HIDDEN, HIDDEN), "attn_output": (HIDDEN, HIDDEN),
            "ffn_gate": (FFN, HIDDEN), "ffn_up": (FFN, HIDDEN), "ffn_down": (HIDDEN, FFN)}
NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
Q4_K = gguf.GGMLQuantizationType.Q4_K
SHARD_BLOCKS = 8

random = np.random.default_rng(20260)


def q4_k(rows, cols):
    """Random blocks of 256 values: two half-precision factors, twelve bytes of scales, 128 of codes."""
    blocks = random.integers(0, 256, (rows, cols // 256, 144), dtype=np.uint8)
    step = 1.0 / (31.5 * 4.6 * cols**0.5)  # mean scale, deviation of the codes: weights of deviation 1 / sqrt(cols)
    blocks[:, :, 0:2] = np.frombuffer(np.float16(step).tobytes(), np.uint8)
    blocks[:, :, 2:4] = np.frombuffer(np.float16(7.5 * step).tobytes(), np.uint8)  # takes the codes' mean away
    return blocks.reshape(rows, -1)


def bf16(rows, cols):
    """Random values of deviation 1 / sqrt(cols), their upper halves."""
    values = random.standard_normal((rows, cols), np.float32) / np.float32(cols**0.5)
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def write_gguf(path, layers):
    with tempfile.NamedTemporaryFile(suffix=".gguf") as file:
        file.write(lzma.open(TOKENIZERS / "llama2.gguf.xz").read())
        file.flush()
        fields = gguf.GGUFReader(file.name).fields
        words = {k: (f.contents(), f.types) for k, f in fields.items() if k.startswith("tokenizer.")}
    out = gguf.GGUFWriter(path, "llama")
    for key, (value, types) in words.items():
        out.add_key_value(key, value, types[0], types[1] if types[0] == gguf.GGUFValueType.ARRAY else None)
    out.add_vocab_size(VOCABULARY)
    out.add_context_length(4096)
    out.add_embedding_length(HIDDEN)
    out.add_block_count(layers)
    out.add_feed_forward_length(FFN)
    out.add_head_count(HEADS)
    out.add_head_count_kv(HEADS)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(HIDDEN // HEADS)
    out.add_rope_freq_base(10000.0)
    ones = np.ones(HIDDEN, np.float32)
    block = {name + ".weight": q4_k(*shape) for name, shape in MATRICES.items()}
    block |= {"attn_norm.weight": ones, "ffn_norm.weight": ones}
    tensors = [("token_embd.weight", q4_k(VOCABULARY, HIDDEN)), ("output_norm.weight", ones)]
    tensors += [("blk.%d.%s" % (i, name), w) for i in range(layers) for name, w in block.items()]
    for name, w in tensors:
        out.add_tensor_info(name, w.shape, w.dtype, w.nbytes, Q4_K if w.dtype == np.uint8 else None)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_ti_data_to_file()
    for _, w in tensors:
        out.write_tensor_data(w)
    out.close()


def write_shard(path, tensors):
    header, offset = {}, 0
    for name, w in tensors:
        header[name] = {"dtype": "BF16", "shape": list(w.shape), "data_offsets": [offset, offset + w.nbytes]}
        offset += w.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as out:
        out.write(len(text).to_bytes(8, "little") + text)
        for _, w in tensors:
            out.write(w.data)


def write_folder(folder, layers):
    folder.mkdir()
    ones = np.full(HIDDEN, 0x3F80, np.uint16)
    block = {NAMES[name] + ".weight": bf16(*shape) for name, shape in MATRICES.items()}
    block |= {"input_layernorm.weight": ones, "post_attention_layernorm.weight": ones}
    shards = [[("model.embed_tokens.weight", bf16(VOCABULARY, HIDDEN)), ("model.norm.weight", ones)]]
    for first in range(0, layers, SHARD_BLOCKS):
        shards.append([("model.layers.%d.%s" % (i, name), w) for i in range(first, min(first + SHARD_BLOCKS, layers))
                       for name, w in block.items()])
    index = {}
    for number, tensors in enumerate(shards, 1):
        name = "model-%05d-of-%05d.safetensors" % (number, len(shards))
        write_shard(folder / name, tensors)
        index |= {tensor: name for tensor, _ in tensors}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": index}))
    (folder / "config.json").write_text(json.dumps(dict(
        model_type="llama", hidden_size=HIDDEN, intermediate_size=FFN, num_hidden_layers=layers, num_attention_heads=HEADS,
        num_key_value_heads=HEADS, vocab_size=VOCABULARY, max_position_embeddings=4096, rms_norm_eps=1e-5, rope_theta=10000.0,
        hidden_act="silu", tie_word_embeddings=True, torch_dtype="bfloat16")))
    (folder / "tokenizer.json").write_bytes(lzma.open(TOKENIZERS / "llama2" / "tokenizer.json.xz").read())
    shutil.copy(TOKENIZERS / "llama2" / "tokenizer_config.json", folder)


def size_of(path):
    return sum(p.stat().st_size for p in (path.iterdir() if path.is_dir() else [path]))


def run(mc, model, texts, output):
    command = [mc, "geometry", "crm-build", model, "--texts", texts, "--output", output, "--quiet", "--output-format", "json"]
    begin = time.perf_counter()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE)
    result = json.loads(child.stdout.read())
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit("crm-build failed")
    return result, time.perf_counter() - begin, usage


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("form", nargs="?", choices=("gguf", "folder"), default="gguf")
    parser.add_argument("--mc", type=pathlib.Path, default=ROOT / "build" / "mc")
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--texts", type=int, default=64)
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "large")
    parser.add_argument("--keep", action="store_true", help="leave the model on disk")
    parser.add_argument("--max-rss", type=float, default=3.0, help="GiB")
    args = parser.parse_args()
    shutil.rmtree(args.work, ignore_errors=True)
    args.work.mkdir(parents=True)
    lines = (ROOT / "tests" / "oracle" / "demo_texts.txt").read_text().splitlines()
    texts = args.work / "texts.txt"
    words = [" ".join(line.split()[:7]) for line in lines]  # about twelve tokens a text
    texts.write_text("".join("%d %s\n" % (i, words[i % len(words)]) for i in range(args.texts)))
    model = args.work / ("model.gguf" if args.form == "gguf" else "model")
    (write_gguf if args.form == "gguf" else write_folder)(model, args.layers)
    result, seconds, usage = run(args.mc, model, texts, args.work / "out.crm.safetensors")
    peak = usage.ru_maxrss / 2**20
    print("| %s, %d blocks | %.1f GB | %d texts, %d tokens | %.2f GiB | %.0f s | %.0f s |" %
          (args.form, args.layers, size_of(model) / 1e9, args.texts, result["tokensAsked"], peak, seconds,
           usage.ru_utime + usage.ru_stime))
    if not args.keep:
        shutil.rmtree(args.work)
    sys.exit(0 if peak <= args.max_rss else 1)


if __name__ == "__main__":
    main()
