"""The demo model (scripts/fetch-demo.sh) in transformers, in float32: dequantised by the gguf package, rows put back."""

import json

import gguf
import numpy as np
import safetensors.torch
import torch
import transformers

from gguf_model import unpermute

# GGUF names of a llama model's tensors, and what Hugging Face calls them.
NAMES = {
    "token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
    "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
}
EPSILON = 1e-5  # the file holds it as float32: 9.999999747378752e-06


def fields_of(path):
    reader = gguf.GGUFReader(path)
    return reader, lambda key: reader.fields[key].contents()


def config_of(path):
    _, get = fields_of(path)
    heads = get("llama.attention.head_count")
    return transformers.LlamaConfig(
        vocab_size=get("llama.vocab_size"), hidden_size=get("llama.embedding_length"),
        intermediate_size=get("llama.feed_forward_length"), num_hidden_layers=get("llama.block_count"),
        num_attention_heads=heads, num_key_value_heads=get("llama.attention.head_count_kv"),
        max_position_embeddings=get("llama.context_length"), rms_norm_eps=EPSILON, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": get("llama.rope.freq_base")},
        bos_token_id=1, eos_token_id=2, attn_implementation="eager")


def hf_name(name):
    parts = name.split(".")
    if parts[0] == "blk":
        return "model.layers.%s.%s.weight" % (parts[1], NAMES[parts[2]])
    return NAMES[parts[0]] + ".weight"


def load(path):
    config = config_of(path)
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    weights = {}
    for t in gguf.GGUFReader(path).tensors:
        w = gguf.dequantize(t.data, t.tensor_type).astype(np.float32)
        kind = t.name.split(".")[-2]
        weights[hf_name(t.name)] = torch.from_numpy(np.ascontiguousarray(unpermute(w, heads[kind]) if kind in heads else w))
    model = transformers.LlamaForCausalLM(config).float().eval()
    missing, unexpected = model.load_state_dict(weights, strict=False)
    if unexpected or missing != ["lm_head.weight"]:
        raise ValueError("weights do not fit: missing %s, unexpected %s" % (missing, unexpected))
    model.tie_weights()
    return model


def export(model, tokenizer, folder):
    """A float32 folder as published models look: single safetensors, tokenizer.json, the older config dialect."""
    folder.mkdir(parents=True, exist_ok=True)
    c = model.config
    weights = {k: v.contiguous() for k, v in model.state_dict().items() if k != "lm_head.weight"}
    safetensors.torch.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    config = dict(architectures=["LlamaForCausalLM"], model_type="llama", hidden_act="silu", hidden_size=c.hidden_size,
                  intermediate_size=c.intermediate_size, num_hidden_layers=c.num_hidden_layers,
                  num_attention_heads=c.num_attention_heads, num_key_value_heads=c.num_key_value_heads,
                  vocab_size=c.vocab_size, max_position_embeddings=c.max_position_embeddings, rms_norm_eps=EPSILON,
                  rope_theta=c.rope_parameters["rope_theta"], rope_scaling=None, tie_word_embeddings=True,
                  attention_bias=False, bos_token_id=1, eos_token_id=2, torch_dtype="float32")
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps(
        dict(add_prefix_space=False, bos_token="<|im_start|>", eos_token="<|im_end|>", unk_token="<|endoftext|>",
             tokenizer_class="GPT2Tokenizer"), indent=1) + "\n")
