"""Tiny models as GGUF: written with the gguf package the way the format wants each family.

What a family needs besides the names of its tensors is in FAMILIES: rows of Q and K permuted from halves to adjacent
pairs, one added to norm weights, fused matrices reordered, keys of its own. A file counts only after llama.cpp (or
transformers' own GGUF loader, for llama) gives the original model's states from it."""

import copy
import pathlib
import tempfile

import gguf
import numpy as np
import torch
import transformers

ARCH = gguf.MODEL_ARCH
EXACT = ("F32", "F16", "BF16")  # types that round each value by itself
SAME = 2e-5  # llama.cpp against transformers, both in float32
SAME_GELU = 5e-3  # its gelu is a table of half-precision numbers


def permute(w, heads):
    """Rows of each head from halves (0..d/2 | d/2..d) to adjacent pairs, as this format has them for llama."""
    return w.reshape(heads, 2, w.shape[0] // heads // 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def unpermute(w, heads):
    return w.reshape(heads, w.shape[0] // heads // 2, 2, *w.shape[1:]).swapaxes(1, 2).reshape(w.shape)


def kv_heads(c):
    return getattr(c, "num_key_value_heads", None) or c.num_attention_heads


def head_dim(c):
    return getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads


def rope_of(c, kind="full_attention"):
    rope = getattr(c, "rope_parameters", None) or {}
    return rope.get(kind, rope)


# Transforms: (name, array, config) -> {name: array}

def heads_of(name, c):
    if ".q_proj." in name:
        return c.num_attention_heads
    return kv_heads(c) if ".k_proj." in name else 0


def pairs(name, w, c):
    heads = heads_of(name, c)
    return {name: permute(w, heads) if heads else w}


def plus_one(name, w, c):
    return {name: w + 1 if name.endswith("norm.weight") else w}


def stack_heads(name, w, c):
    """Each head's q, k, v together -> all of q, all of k, all of v."""
    if "query_key_value" in name or (name.endswith("c_attn.weight") or name.endswith("c_attn.bias")):
        h = c.num_attention_heads
        w = w.reshape(h, 3, w.shape[0] // h // 3, *w.shape[1:]).swapaxes(0, 1).reshape(w.shape)
    return {name: w}


def stack_groups(name, w, c):
    if "query_key_value" in name:
        n, d = c.num_kv_heads if c.new_decoder_architecture else 1, head_dim(c)
        rows = w.reshape(n, -1, d, *w.shape[1:])
        w = np.concatenate([rows[:, :-2].reshape(-1, *w.shape[1:]), rows[:, -2].reshape(-1, *w.shape[1:]),
                            rows[:, -1].reshape(-1, *w.shape[1:])])
    return {name: w}


def transpose_conv(name, w, c):
    return {name: w.T if name.endswith((".c_attn.weight", ".c_proj.weight", ".c_fc.weight")) else w}


def stack_norms(name, w, c):
    """A norm for each head, in tensors of their own: collected by the writer under one name."""
    return {name: w}


def xielu(out, c, model):
    acts = [layer.mlp.act_fn for layer in model.model.layers]
    out.add_xielu_alpha_p([float(a.alpha_p.detach()) for a in acts])
    out.add_xielu_alpha_n([float(a.alpha_n.detach()) for a in acts])
    out.add_xielu_beta([float(a.beta) for a in acts])
    out.add_xielu_eps([float(a.eps) for a in acts])


def window(out, c, model):
    if getattr(c, "sliding_window", None):
        out.add_sliding_window(c.sliding_window)


def gemma2_keys(out, c, model):
    window(out, c, model)
    if c.attn_logit_softcapping:
        out.add_attn_logit_softcapping(c.attn_logit_softcapping)


def pattern(out, c, model):
    window(out, c, model)
    out.add_sliding_window_pattern([t == "sliding_attention" for t in c.layer_types])


def window_flags(out, c, model):
    if c.sliding_window:
        pattern(out, c, model)


def granite_keys(out, c, model):
    out.add_attention_scale(c.attention_multiplier)
    out.add_embedding_scale(c.embedding_multiplier)
    out.add_residual_scale(c.residual_multiplier)
    out.add_logit_scale(c.logits_scaling)


def clip(out, c, model):
    value = c.attn_config.clip_qkv if hasattr(c, "attn_config") else c.clip_qkv
    if value:
        out.add_clamp_kqv(value)


def mpt_keys(out, c, model):
    clip(out, c, model)
    out.add_max_alibi_bias(8.0)


def logits(out, c, model):
    out.add_logit_scale(c.logit_scale)


def cohere2_keys(out, c, model):
    logits(out, c, model)
    window(out, c, model)


def full_config(c):
    """Keys of the blocks with full attention, where a configuration has such."""
    table = c.to_dict().get("per_layer_config") or {}
    return next((v for k, v in table.items() if c.layer_types[int(k)] == "full_attention"), {})


def gemma4_keys(out, c, model):
    pattern(out, c, model)
    full, shared = full_config(c), c.num_kv_shared_layers
    out.add_shared_kv_layers(shared)
    out.add_embedding_length_per_layer_input(c.hidden_size_per_layer_input)
    for add, width in ((out.add_key_length, full.get("head_dim", c.head_dim)), (out.add_key_length_swa, c.head_dim)):
        add(width)
    out.add_value_length(full.get("head_dim", c.head_dim))
    out.add_value_length_swa(c.head_dim)
    out.add_rope_dimension_count(full.get("head_dim", c.head_dim))
    out.add_rope_dimension_count_swa(c.head_dim)
    out.add_rope_freq_base_swa(rope_of(c, "sliding_attention")["rope_theta"])
    if c.use_double_wide_mlp:
        out.add_feed_forward_length([c.intermediate_size * (1 + (i >= c.num_hidden_layers - shared))
                                     for i in range(c.num_hidden_layers)])
    if "num_key_value_heads" in full:
        out.add_head_count_kv([c.num_key_value_heads if t == "sliding_attention" else full["num_key_value_heads"]
                               for t in c.layer_types])


def parallel(out, c, model):
    out.add_parallel_residual(c.use_parallel_residual)


def ministral_keys(out, c, model):
    rope = c.rope_parameters
    out.add_attn_temperature_scale(rope["llama_4_scaling_beta"])
    out.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
    out.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
    if rope["mscale_all_dim"]:
        out.add_rope_scaling_yarn_log_mul(rope["mscale_all_dim"])


class Family:
    def __init__(self, arch, *transforms, keys=None, rename=None, embed_kv=True):
        self.arch, self.transforms, self.keys, self.rename, self.embed_kv = arch, transforms, keys, rename or {}, embed_kv


FAMILIES = {
    "llama": Family(ARCH.LLAMA, pairs),
    "qwen2": Family(ARCH.QWEN2),
    "qwen3": Family(ARCH.QWEN3),
    "gemma": Family(ARCH.GEMMA, plus_one),
    "gemma2": Family(ARCH.GEMMA2, plus_one, keys=gemma2_keys),
    "gemma4_text": Family(ARCH.GEMMA4, keys=gemma4_keys),
    "internlm2": Family(ARCH.INTERNLM2, pairs),
    "gemma3_text": Family(ARCH.GEMMA3, plus_one, keys=window),
    "phi": Family(ARCH.PHI2),
    "phi3": Family(ARCH.PHI3, keys=window),
    "stablelm": Family(ARCH.STABLELM, stack_norms, keys=parallel),
    "gpt2": Family(ARCH.GPT2, transpose_conv),
    "gpt_neox": Family(ARCH.GPTNEOX, stack_heads, keys=parallel),
    "gpt_bigcode": Family(ARCH.STARCODER),
    "starcoder2": Family(ARCH.STARCODER2),
    "bloom": Family(ARCH.BLOOM, stack_heads, rename={"word_embeddings_layernorm": "token_embd_norm",
                                                      "post_attention_layernorm": "ffn_norm"}),
    "mpt": Family(ARCH.MPT, keys=mpt_keys),
    "falcon": Family(ARCH.FALCON, stack_groups),
    "olmo": Family(ARCH.OLMO, pairs, keys=clip),
    "olmo2": Family(ARCH.OLMO2),
    "olmo3": Family(ARCH.OLMO2, keys=pattern),
    "granite": Family(ARCH.GRANITE, pairs, keys=granite_keys),
    "cohere": Family(ARCH.COMMAND_R, keys=logits),
    "cohere2": Family(ARCH.COHERE2, keys=cohere2_keys),
    "glm": Family(ARCH.CHATGLM),
    "glm4": Family(ARCH.GLM4),
    "exaone4": Family(ARCH.EXAONE4, keys=window_flags),
    "nemotron": Family(ARCH.NEMOTRON, plus_one),
    "smollm3": Family(ARCH.SMOLLM3, pairs),
    "seed_oss": Family(ARCH.SEED_OSS),
    "arcee": Family(ARCH.ARCEE, pairs),
    "jais2": Family(ARCH.JAIS2),
    "apertus": Family(ARCH.APERTUS, keys=xielu),
    "ernie4_5": Family(ARCH.ERNIE4_5),
    "hunyuan_v1_dense": Family(ARCH.HUNYUAN_DENSE),
    "ministral3": Family(ARCH.MISTRAL3, pairs, keys=ministral_keys),
}


def epsilon(out, c):
    if hasattr(c, "rms_norm_eps"):
        out.add_layer_norm_rms_eps(c.rms_norm_eps)
    for name in ("layer_norm_eps", "layer_norm_epsilon", "norm_eps", "norm_epsilon"):
        if hasattr(c, name):
            out.add_layer_norm_eps(getattr(c, name))
    if c.model_type == "olmo":
        out.add_layer_norm_eps(1e-5)


def ffn_size(c):
    if c.model_type in ("gpt2", "gpt_bigcode"):
        return c.n_inner or 4 * c.hidden_size
    if c.model_type in ("bloom", "mpt"):
        return 4 * c.hidden_size
    return c.ffn_hidden_size if c.model_type == "falcon" else c.intermediate_size


def heads_kv(c):
    if c.model_type == "falcon":
        return c.num_kv_heads if c.new_decoder_architecture else 1 if c.multi_query else c.num_attention_heads
    if c.model_type == "gpt_bigcode":
        return 1 if c.multi_query else c.num_attention_heads
    return kv_heads(c)


def rope_keys(out, c):
    rope = rope_of(c)
    if not rope or c.model_type in ("gpt2", "gpt_bigcode", "bloom", "mpt"):
        return
    if c.model_type == "gemma4_text":
        out.add_rope_freq_base(rope["rope_theta"])
        return
    dim = head_dim(c)
    base = rope["rope_theta"]
    if rope.get("alpha"):
        base *= rope["alpha"] ** (dim / (dim - 2))
    out.add_rope_freq_base(base)
    out.add_rope_dimension_count(int(dim * rope.get("partial_rotary_factor", 1.0)))
    kind = rope["rope_type"]
    if kind in ("linear", "yarn"):
        if kind == "yarn":  # a factor without a type is one of linear
            out.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        out.add_rope_scaling_factor(rope["factor"])
    if kind == "yarn":
        out.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
    if kind == "longrope":
        factor = c.max_position_embeddings / c.original_max_position_embeddings
        scale = 1.0 if factor <= 1 else (1 + np.log(factor) / np.log(c.original_max_position_embeddings)) ** 0.5
        out.add_rope_scaling_orig_ctx_len(c.original_max_position_embeddings)
        out.add_rope_scaling_attn_factors(float(scale))


def add_keys(out, model):
    c = model.config
    out.add_vocab_size(c.vocab_size)
    out.add_context_length(getattr(c, "max_position_embeddings", None) or getattr(c, "max_seq_len", 2048))
    out.add_embedding_length(c.hidden_size)
    out.add_block_count(c.num_hidden_layers)
    out.add_feed_forward_length(ffn_size(c))
    out.add_head_count(c.num_attention_heads)
    out.add_head_count_kv(heads_kv(c))
    if getattr(c, "head_dim", None) and c.model_type != "gemma4_text":
        out.add_key_length(c.head_dim)
        out.add_value_length(c.head_dim)
    epsilon(out, c)
    rope_keys(out, c)
    out.add_tokenizer_model("none")
    if FAMILIES[c.model_type].keys:
        FAMILIES[c.model_type].keys(out, c, model)


def frequency_factors(model):
    """What a frequency of plain rope is divided by, in the llama3 scaling or where only some pairs turn."""
    rope = rope_of(model.config)
    if rope.get("rope_type") == "proportional":
        pairs = full_config(model.config).get("head_dim", model.config.head_dim) // 2
        still = np.arange(pairs) >= int(pairs * rope["partial_rotary_factor"])
        return {"rope_freqs.weight": np.where(still, 1e30, 1.0).astype(np.float32)}
    if rope.get("rope_type") != "llama3":
        return {}
    d = head_dim(model.config)
    plain = 1.0 / rope["rope_theta"] ** (np.arange(0, d, 2, dtype=np.float64) / d)
    return {"rope_freqs.weight": (plain / model.model.rotary_emb.inv_freq.double().numpy()).astype(np.float32)}


def long_factors(model):
    rope = rope_of(model.config)
    if rope.get("rope_type") != "longrope":
        return {}
    return {"rope_factors_%s.weight" % k: np.array(rope[k + "_factor"], np.float32) for k in ("long", "short")}


def name_in_file(name, family, names):
    for hf, ours in family.rename.items():
        stem = name.rpartition(".")[0]
        if stem.endswith("." + hf) or stem == hf:
            parts = [p for p in name.split(".") if p.isdigit()]
            return ("blk.%s." % parts[0] if parts else "") + ours + "." + name.rpartition(".")[2]
    return names.get_name(name, try_suffixes=(".weight", ".bias"))


def tensors_of(model):
    """{name in the file: float32 array}"""
    c = model.config
    family = FAMILIES[c.model_type]
    names = gguf.get_tensor_name_map(family.arch, c.num_hidden_layers)
    out, stacks = {}, {}
    scalars = [(name + ".weight", b) for name, b in model.named_buffers() if name.endswith("layer_scalar")]
    for name, p in list(model.named_parameters()) + scalars:
        if ".act_fn." in name:
            continue
        found = {name: p.data.float().numpy()}
        for transform in family.transforms:
            found = {k: v for n, w in found.items() for k, v in transform(n, w, c).items()}
        for n, w in found.items():
            if ".norms." in n:  # a norm of one head
                stacks.setdefault(n.split(".norms.")[0], []).append(w)
                continue
            key = name_in_file(n, family, names)
            if key is None:
                raise ValueError("no name for " + n)
            out[key] = np.ascontiguousarray(w)
    for stem, rows in stacks.items():
        block = stem.split(".")[2]
        out["blk.%s.attn_%s_norm.weight" % (block, "q" if ".q_" in stem else "k")] = np.stack(rows)
    return out | frequency_factors(model) | long_factors(model)


def write_file(path, model, kind):
    model.config.allow_global_per_layer_attribute_access = True  # Gemma 4 asks for it
    kind = getattr(gguf.GGMLQuantizationType, kind)
    family = FAMILIES[model.config.model_type]
    out = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[family.arch])
    add_keys(out, model)
    for name, w in tensors_of(model).items():
        plain = w.ndim == 1 or "norm" in name
        out.add_tensor(name, w if plain else gguf.quantize(w, kind), raw_dtype=None if plain else kind)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def rounded(model, case):
    """A float32 copy that holds the weights as the file's type gives them back."""
    kind = getattr(gguf.GGMLQuantizationType, case.gguf)
    model = copy.deepcopy(model)
    back = lambda w: gguf.dequantize(gguf.quantize(np.ascontiguousarray(w), kind), kind)
    for name, p in model.named_parameters():
        w = p.data.numpy()
        if w.ndim == 1 or "norm" in name:
            continue
        heads = heads_of(name, model.config) if case.gguf not in EXACT and model.config.model_type == "llama" else 0
        w = unpermute(back(permute(w, heads)), heads) if heads else back(w)
        p.data = torch.from_numpy(np.ascontiguousarray(w))
    return model


def write(path, model, case):
    model = rounded(model, case)
    write_file(path, model, case.gguf)
    return model


def uses_gelu(c):
    names = ("hidden_act", "hidden_activation", "activation_function", "activation")
    return c.model_type in ("bloom", "mpt") or any("gelu" in str(getattr(c, n, "")) for n in names)


def disagreement(model, prompts, states):
    """How far from the states behind the final norm llama.cpp gets with a float32 file of the model, and how far it may."""
    import check_llamacpp
    from states import row_error

    check_llamacpp.llama_cpp.llama_log_set(check_llamacpp.quiet, None)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "model.gguf"
        write_file(path, model, "F32")
        other = check_llamacpp.open_model(path)
        got = np.concatenate([check_llamacpp.final_states(other, ids) for ids in prompts])
        check_llamacpp.llama_cpp.llama_model_free(other)
    return row_error(got, states[-1]).max(), SAME_GELU if uses_gelu(model.config) else SAME


def load(path):
    """The file as transformers reads it; its rope's factors, which that loader passes over, are applied here."""
    model = transformers.AutoModelForCausalLM.from_pretrained(
        path.parent, gguf_file=path.name, dtype=torch.float32, attn_implementation="eager").eval()
    reader = gguf.GGUFReader(path)
    factor = reader.get_field("llama.rope.scaling.factor")
    if factor:
        model.model.rotary_emb.inv_freq /= factor.contents()
    for tensor in reader.tensors:
        if tensor.name == "rope_freqs.weight":
            model.model.rotary_emb.inv_freq /= torch.from_numpy(np.array(tensor.data))
    return model
