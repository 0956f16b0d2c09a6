#!/usr/bin/env python3
"""Make the tiny complete models of tests/golden/models: weights and a tokenizer, for tests of whole commands.

    tests/oracle/make_tiny_models.py

tiny-llama/      Hugging Face folder: 4 blocks, hidden 48, grouped heads, a byte-level BPE of 512 tokens trained on the
                 atlas, BOS by its post-processor; random weights of unit gain from a fixed seed.
tiny-llama.gguf  the same model as GGUF (F32), Q and K rows permuted as llama.cpp stores them.
"""

import json
import os
import pathlib

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import gguf
import numpy as np
import safetensors.numpy
import tokenizers
from tokenizers import decoders, models, pre_tokenizers, processors, trainers

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / "tests" / "golden" / "models"
SEED, VOCAB, HIDDEN, FFN, BLOCKS, HEADS, KV = 7, 512, 48, 96, 4, 6, 2
HEAD = HIDDEN // HEADS


def texts():
    for path in sorted((ROOT / "data" / "atlas").glob("*.json")):
        for probe in json.loads(path.read_text())["probes"]:
            yield from probe["texts"]


def make_tokenizer():
    tok = tokenizers.Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCAB, special_tokens=["<s>", "</s>"], show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tok.train_from_iterator(list(texts()), trainer)
    tok.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return tok


def make_weights():
    rng = np.random.default_rng(SEED)

    def matrix(rows, cols):
        return (rng.standard_normal((rows, cols)) / np.sqrt(cols)).astype(np.float32)

    def norm():
        return (1 + 0.1 * rng.standard_normal(HIDDEN)).astype(np.float32)

    w = {"model.embed_tokens.weight": matrix(VOCAB, HIDDEN) * np.float32(0.5), "model.norm.weight": norm()}
    for b in range(BLOCKS):
        p = f"model.layers.{b}."
        w[p + "input_layernorm.weight"] = norm()
        w[p + "self_attn.q_proj.weight"] = matrix(HEADS * HEAD, HIDDEN)
        w[p + "self_attn.k_proj.weight"] = matrix(KV * HEAD, HIDDEN)
        w[p + "self_attn.v_proj.weight"] = matrix(KV * HEAD, HIDDEN)
        w[p + "self_attn.o_proj.weight"] = matrix(HIDDEN, HEADS * HEAD)
        w[p + "post_attention_layernorm.weight"] = norm()
        w[p + "mlp.gate_proj.weight"] = matrix(FFN, HIDDEN)
        w[p + "mlp.up_proj.weight"] = matrix(FFN, HIDDEN)
        w[p + "mlp.down_proj.weight"] = matrix(HIDDEN, FFN)
    return w


CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": HIDDEN, "intermediate_size": FFN,
    "num_hidden_layers": BLOCKS, "num_attention_heads": HEADS, "num_key_value_heads": KV, "vocab_size": VOCAB,
    "hidden_act": "silu", "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 256,
    "bos_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": True, "torch_dtype": "float32",
}

NAMES = {
    "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output", "post_attention_layernorm": "ffn_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def write_gguf(path, weights, tok):
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(256)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(FFN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HEAD)
    writer.add_vocab_size(VOCAB)
    model = json.loads(tok.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(pieces)
    writer.add_token_types([3, 3] + [1] * (len(pieces) - 2))
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_add_bos_token(True)
    for name, value in weights.items():
        parts = name.split(".")
        if name == "model.embed_tokens.weight":
            out = "token_embd.weight"
        elif name == "model.norm.weight":
            out = "output_norm.weight"
        else:
            out = f"blk.{parts[2]}.{NAMES['.'.join(parts[3:-1])]}.weight"
        for kind, heads in (("q_proj", HEADS), ("k_proj", KV)):
            if kind in name:
                value = value.reshape(heads, 2, HEAD // 2, HIDDEN).swapaxes(1, 2).reshape(value.shape)
        writer.add_tensor(out, np.ascontiguousarray(value))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    folder = OUT / "tiny-llama"
    folder.mkdir(parents=True, exist_ok=True)
    tok, weights = make_tokenizer(), make_weights()
    tok.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        {"bos_token": "<s>", "eos_token": "</s>", "tokenizer_class": "PreTrainedTokenizerFast"}, indent=1) + "\n")
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=1) + "\n")
    safetensors.numpy.save_file(weights, folder / "model.safetensors", {"format": "pt"})
    write_gguf(OUT / "tiny-llama.gguf", weights, tok)


if __name__ == "__main__":
    main()
