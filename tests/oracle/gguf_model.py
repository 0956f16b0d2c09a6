"""Tiny llama models as GGUF: written with the gguf package, read back through transformers' own GGUF loader."""

import copy

import gguf
import numpy as np
import torch
import transformers

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    stem, _, last = name.rpartition(".")
    if stem.startswith("model.layers."):
        _, _, block, rest = stem.split(".", 3)
        return "blk.%s.%s.%s" % (block, NAMES[rest], last)
    return "%s.%s" % (NAMES[stem], last)


def permute(w, heads):
    """Rows of each head from halves (0..d/2 | d/2..d) to adjacent pairs, as this format has them for llama."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def unpermute(w, heads):
    return w.reshape(heads, w.shape[0] // heads // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def heads_of(name, config):
    if ".q_proj." in name:
        return config.num_attention_heads
    if ".k_proj." in name:
        return config.num_key_value_heads
    return 0


def add_keys(out, config):
    rope = config.rope_parameters
    out.add_vocab_size(config.vocab_size)
    out.add_context_length(config.max_position_embeddings)
    out.add_embedding_length(config.hidden_size)
    out.add_block_count(config.num_hidden_layers)
    out.add_feed_forward_length(config.intermediate_size)
    out.add_rope_dimension_count(config.head_dim)
    out.add_key_length(config.head_dim)
    out.add_value_length(config.head_dim)
    out.add_head_count(config.num_attention_heads)
    out.add_head_count_kv(config.num_key_value_heads)
    out.add_layer_norm_rms_eps(config.rms_norm_eps)
    out.add_rope_freq_base(rope["rope_theta"])
    out.add_tokenizer_model("none")


def frequency_factors(model):
    """What a frequency of plain rope is divided by, in the llama3 scaling; None where rope is plain."""
    rope = model.config.rope_parameters
    if rope["rope_type"] == "default":
        return None
    d = model.config.head_dim
    plain = 1.0 / rope["rope_theta"] ** (np.arange(0, d, 2, dtype=np.float64) / d)
    return (plain / model.model.rotary_emb.inv_freq.double().numpy()).astype(np.float32)


def write(path, model, case):
    """Write the model; return a float32 copy that holds the weights as the file's type gives them back."""
    kind = getattr(gguf.GGMLQuantizationType, case.gguf)
    model = copy.deepcopy(model)
    out = gguf.GGUFWriter(path, "llama")
    add_keys(out, model.config)
    factors = frequency_factors(model)
    if factors is not None:
        out.add_tensor("rope_freqs.weight", factors)
    for name, p in model.named_parameters():
        w = p.data.numpy()
        heads = heads_of(name, model.config)
        w = permute(w, heads) if heads else w
        stored = w if w.ndim == 1 else gguf.quantize(w, kind)
        out.add_tensor(gguf_name(name), stored, raw_dtype=None if w.ndim == 1 else kind)
        back = w if w.ndim == 1 else gguf.dequantize(stored, kind)
        p.data = torch.from_numpy(np.ascontiguousarray(unpermute(back, heads) if heads else back))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()
    return model


def load(path):
    """The file as transformers reads it; its rope factors, which that loader passes over, are applied here."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    for tensor in gguf.GGUFReader(path).tensors:
        if tensor.name == "rope_freqs.weight":
            model.model.rotary_emb.inv_freq /= torch.from_numpy(np.array(tensor.data))
    return model
