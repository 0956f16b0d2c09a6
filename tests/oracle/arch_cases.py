"""The table of seeded tiny models: one row a case. See make_arch.py for what is made of a row.

    case(name, model_type, config keys, ...)
      dialect   "published": rope_theta and rope_scaling, as in most published files; "v5": rope_parameters
      store     dtype of the tensors in the file; the states always come from the widened weights in float32
      shards    the number of safetensors files
      lengths   the prompts' lengths in tokens
      embed     standard deviation of the embedding; small enough for the norm's epsilon to be seen
      knock     {rule: what switches it off}: {"config": merge patch of config.json} and/or
                {"zero" or "one": [patterns of tensor names]}; must move some row by >= 1e-3
      scale     {pattern: factor} for weights that would otherwise make the model ill conditioned
      put, omit keys that config.json has besides, and keys that it goes without
      sparse    config.json without the keys that have their family's default value, as many published files are
      layout    a published layout that transformers does not write: see layouts.py
      rename    [(pattern, replacement)]: from transformers' tensor names to the published ones
      gguf      the type of a GGUF's matrices: the case is then one file, model.gguf
"""

from dataclasses import dataclass, field

SHORT = (1, 2, 7, 40)
LONG = (1, 2, 7, 100)


@dataclass
class Case:
    name: str
    model_type: str
    keys: dict = field(default_factory=dict)
    dialect: str = "published"
    store: str = "F32"
    shards: int = 1
    lengths: tuple = SHORT
    embed: float = 0.02
    gain: float = 1.0
    knock: dict = field(default_factory=dict)
    gguf: str = ""
    scale: dict = field(default_factory=dict)
    put: dict = field(default_factory=dict)
    omit: tuple = ()
    sparse: bool = False
    layout: str = ""
    rename: tuple = ()
    attention: str = "eager"  # the implementation that the states come from
    drop: tuple = ()  # keys of the common sizes that this family must not be given


CASES = []


def case(name, model_type, keys=None, **options):
    CASES.append(Case(name, model_type, keys or {}, **options))


def config(**patch):
    return {"config": patch}


EPS = {"epsilon": config(rms_norm_eps=1e-9)}
THETA = {"rope theta": config(rope_theta=20000.0)}
V5_THETA = {"rope theta": config(rope_parameters={"rope_theta": 20000.0})}
NO_SCALING = {"rope scaling": config(rope_scaling=None)}
V5_NO_SCALING = {"rope scaling": config(rope_parameters={"rope_type": "default"})}
BIAS = {"biases": {"zero": ["*_proj.bias"]}}
QK_NORM = {"qk norm weights": {"one": ["*.q_norm.weight", "*.k_norm.weight"]}}

LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}

# Llama
BASE = dict(rms_norm_eps=1e-5, max_position_embeddings=128)
WIDE = dict(BASE, num_attention_heads=2, num_key_value_heads=1, num_hidden_layers=3)  # two heads of 16
case("llama_mha", "llama", dict(BASE, num_key_value_heads=4), knock=EPS | THETA)
case("llama_gqa", "llama", dict(BASE, num_key_value_heads=2), dialect="v5", knock=EPS | V5_THETA)
case("llama_bias", "llama", dict(BASE, attention_bias=True, mlp_bias=True), knock=EPS | THETA | BIAS)
case("llama_tied", "llama", dict(BASE, tie_word_embeddings=True), knock=EPS | THETA)
case("llama_untied", "llama", dict(BASE, tie_word_embeddings=False), dialect="v5", knock=EPS | V5_THETA)
case("llama_headdim", "llama", dict(BASE, head_dim=12), knock=EPS | THETA)
case("llama3_rope", "llama", dict(WIDE, rope_parameters=LLAMA3, max_position_embeddings=512),
     lengths=LONG, knock=EPS | THETA | NO_SCALING)
case("llama3_rope_v5", "llama", dict(WIDE, num_hidden_layers=2, rope_parameters=LLAMA3, max_position_embeddings=512),
     lengths=LONG, dialect="v5", knock=EPS | V5_THETA | V5_NO_SCALING)
case("llama_eps", "llama", dict(BASE, rms_norm_eps=1e-3), embed=0.02, knock={"epsilon": config(rms_norm_eps=1e-5)})
case("llama_sharded", "llama", BASE, shards=2, knock=EPS)
case("llama_bf16", "llama", BASE, store="BF16", knock=EPS)
case("llama_f16", "llama", BASE, store="F16", dialect="v5", knock=EPS)

# Qwen2: q, k and v biases; Qwen3: norms of q and k, head_dim apart from hidden / heads
QWEN = dict(rms_norm_eps=1e-6, max_position_embeddings=128)
case("qwen2", "qwen2", QWEN, embed=0.004, knock=EPS | THETA | BIAS)
case("qwen2_v5_tied", "qwen2", dict(QWEN, tie_word_embeddings=True), dialect="v5", embed=0.004,
     knock=EPS | V5_THETA | BIAS)
case("qwen3", "qwen3", dict(QWEN, head_dim=16), embed=0.004, knock=EPS | THETA | QK_NORM)
case("qwen3_v5_bias", "qwen3", dict(QWEN, head_dim=16, attention_bias=True, num_hidden_layers=2), dialect="v5",
     embed=0.004, knock=EPS | V5_THETA | QK_NORM | BIAS)

# GGUF: the same tiny llama in each type, Q and K rows permuted as that format wants them
GGUF = dict(WIDE, num_hidden_layers=2)
for kind in ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1"):
    case("gguf_llama_" + kind.lower(), "llama", GGUF, gguf=kind)
case("gguf_llama_linear", "llama", dict(GGUF, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)), gguf="BF16")
case("gguf_llama3_rope", "llama", dict(GGUF, rope_parameters=LLAMA3, max_position_embeddings=512), gguf="F32",
     lengths=LONG)


# From here on the files are BF16, which keeps them small; two blocks unless a pattern of blocks needs more.
def small(name, model_type, keys=None, layers=2, **options):
    options.setdefault("store", "BF16")
    case(name, model_type, {"num_hidden_layers": layers, "intermediate_size": 48} | (keys or {}), **options)


def zero(*patterns):
    return {"zero": list(patterns)}


def one(*patterns):
    return {"one": list(patterns)}


def rope(kind, **keys):
    return {"rope_type": kind, "rope_theta": 10000.0, **keys}


MODERN = dict(rms_norm_eps=1e-5)  # blocks with RMS norms
WINDOW = {"window": config(sliding_window=4)}
BEYOND = (1, 2, 7, 24, 70)  # the last two on either side of an original context of 32

# Rope scaling, on llama: two heads of 16
TWO = dict(MODERN, num_attention_heads=2, num_key_value_heads=1)
small("llama_rope_linear", "llama", dict(TWO, rope_parameters=rope("linear", factor=4.0)), lengths=BEYOND,
      knock=NO_SCALING | THETA)
small("llama_rope_dynamic", "llama",  # alpha is a key of Hunyuan's
      dict(TWO, max_position_embeddings=32, rope_parameters=rope("dynamic", factor=2.0, alpha=8.0)),
      lengths=BEYOND, knock=NO_SCALING | {"original context": config(max_position_embeddings=64)})
small("llama_rope_yarn", "llama",
      dict(TWO, max_position_embeddings=128,
           rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=32)),
      lengths=BEYOND, knock=NO_SCALING | {"attention factor": config(rope_scaling={"attention_factor": 1.0})})
small("llama_rope_yarn_keys", "llama",
      dict(TWO, max_position_embeddings=128,
           rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=32, attention_factor=1.3, beta_fast=4.0,
                                beta_slow=0.5, truncate=False)),
      lengths=BEYOND, dialect="v5",
      knock=V5_NO_SCALING | {"attention factor": config(rope_parameters={"attention_factor": 1.0}),
                             "beta": config(rope_parameters={"beta_fast": 32.0, "beta_slow": 1.0}),
                             "truncation": config(rope_parameters={"truncate": True})})
small("llama_rope_yarn_mscale", "llama",
      dict(TWO, max_position_embeddings=128,
           rope_parameters=rope("yarn", factor=8.0, original_max_position_embeddings=32, mscale=1.0, mscale_all_dim=0.5)),
      lengths=BEYOND, knock=NO_SCALING | {"mscale": config(rope_scaling={"mscale": None})})
small("llama_rope_longrope", "llama",
      dict(TWO, max_position_embeddings=128,
           rope_parameters=rope("longrope", factor=4.0, original_max_position_embeddings=32,
                                short_factor=[1.0, 1.1, 1.3, 1.5, 1.8, 2.0, 2.5, 3.0],
                                long_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 9.0])),
      lengths=BEYOND, knock=NO_SCALING | {"long factors": config(rope_scaling={"long_factor": [1.0] * 8}),
                                          "short factors": config(rope_scaling={"short_factor": [1.0] * 8})})
small("llama_gelu", "llama", dict(MODERN, hidden_act="gelu"), knock={"activation": config(hidden_act="silu")})

# Mistral and its windows; Ministral; SmolLM3 (blocks without rope); Qwen with windows in some blocks
small("mistral_full", "mistral", dict(MODERN, sliding_window=None), knock=EPS | THETA)
small("mistral_window", "mistral", dict(MODERN, sliding_window=8), knock=WINDOW | THETA)
small("mistral_headdim", "mistral", dict(MODERN, head_dim=12, sliding_window=None), dialect="v5", knock=V5_THETA)
small("ministral_types", "ministral",
      dict(MODERN, head_dim=8, sliding_window=8, layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
      layers=3, dialect="v5", knock=WINDOW | {"layer types": config(layer_types=["full_attention"] * 3)})
small("ministral_window", "ministral", dict(MODERN, head_dim=12, sliding_window=5, rope_parameters=rope("default")),
      dialect="v5", knock=EPS | V5_THETA | WINDOW)
small("ministral3_plain", "ministral3", dict(MODERN, head_dim=12, pad_token_id=None, sliding_window=8,
                                             rope_parameters=dict(rope("default"), original_max_position_embeddings=16,
                                                                  llama_4_scaling_beta=0.4)),
      dialect="v5", knock=EPS | V5_THETA | WINDOW | {"scaling of q": config(rope_parameters={"llama_4_scaling_beta": 0.0})})
small("ministral3_yarn", "ministral3",
      dict(MODERN, head_dim=16, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128, pad_token_id=None,
           rope_parameters=dict(rope("yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=32.0, beta_slow=1.0,
                                     mscale=1.0, mscale_all_dim=1.0), llama_4_scaling_beta=0.4)),
      lengths=(1, 2, 7, 40), dialect="v5",
      knock=V5_NO_SCALING | {"scaling of q": config(rope_parameters={"llama_4_scaling_beta": 0.0})})
small("smollm3_nope", "smollm3", dict(MODERN, no_rope_layer_interval=2, pad_token_id=None), layers=3,
      knock=THETA | {"blocks without rope": config(no_rope_layers=[1, 1, 1])})
small("smollm3_window", "smollm3",
      dict(MODERN, no_rope_layers=[1, 0, 1], use_sliding_window=True, sliding_window=8, pad_token_id=None), layers=3,
      dialect="v5", knock=WINDOW | {"blocks without rope": config(no_rope_layers=[1, 1, 1])})
small("qwen2_window", "qwen2", dict(MODERN, use_sliding_window=True, sliding_window=8, max_window_layers=1), layers=3,
      knock=WINDOW | {"layer types": config(layer_types=["sliding_attention"] * 3)} | BIAS)
small("qwen2_yarn", "qwen2",
      dict(TWO, max_position_embeddings=32, rope_parameters=rope("yarn", factor=4.0, original_max_position_embeddings=32)),
      lengths=BEYOND, knock=NO_SCALING | BIAS)
small("qwen3_window", "qwen3", dict(MODERN, head_dim=16, use_sliding_window=True, sliding_window=8, max_window_layers=1),
      layers=3, knock=WINDOW | QK_NORM)

# Gemma
GEMMA = dict(head_dim=16, rms_norm_eps=1e-6, pad_token_id=0)
G_EMBED = dict(embed=0.001)
small("gemma_mqa", "gemma", dict(GEMMA, num_key_value_heads=1, hidden_act="gelu"), **G_EMBED, knock=EPS | THETA)
small("gemma_erf", "gemma", dict(GEMMA, num_key_value_heads=1, hidden_act="gelu_python"), embed=1.0, gain=2.0, lengths=(1, 7),
      knock={"activation": config(hidden_act="relu")})  # only the word "gelu" stands for the tanh form in this family
small("gemma_v5", "gemma", dict(GEMMA, hidden_act="gelu_pytorch_tanh"), dialect="v5", **G_EMBED, knock=EPS | V5_THETA)
SOFT = {"attention soft-cap": config(attn_logit_softcapping=None), "query scale": config(query_pre_attn_scalar=16)}
small("gemma2_soft", "gemma2",
      dict(GEMMA, attn_logit_softcapping=1.5, query_pre_attn_scalar=8, sliding_window=8), layers=3, **G_EMBED,
      knock=EPS | THETA | WINDOW | SOFT)
small("gemma2_nocap", "gemma2",
      dict(GEMMA, attn_logit_softcapping=None, query_pre_attn_scalar=24, sliding_window=8), dialect="v5", **G_EMBED,
      knock=EPS | WINDOW | {"query scale": config(query_pre_attn_scalar=16)})
small("vaultgemma_soft", "vaultgemma",
      dict(GEMMA, attn_logit_softcapping=1.5, query_pre_attn_scalar=8, sliding_window=8), layers=3, **G_EMBED,
      knock=EPS | THETA | WINDOW | SOFT)
small("vaultgemma_types", "vaultgemma",
      dict(GEMMA, attn_logit_softcapping=None, query_pre_attn_scalar=24, sliding_window=8,
           layer_types=["full_attention", "sliding_attention"]), dialect="v5", **G_EMBED,
      knock=EPS | WINDOW | {"query scale": config(query_pre_attn_scalar=16)})
BASES = {"full_attention": {"rope_type": "default", "rope_theta": 100000.0},
         "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}
small("gemma3_bases", "gemma3_text", dict(GEMMA, query_pre_attn_scalar=8, sliding_window=8, rope_parameters=BASES,
      layer_types=["sliding_attention", "full_attention", "sliding_attention"]), layers=3, **G_EMBED,
      knock=EPS | WINDOW | QK_NORM | {"local base": config(rope_local_base_freq=20000.0), "base": config(rope_theta=200000.0)})
small("gemma3_pattern", "gemma3_text",
      dict(GEMMA, query_pre_attn_scalar=16, sliding_window=8, sliding_window_pattern=2, attn_logit_softcapping=None,
           rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 100000.0},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}), layers=3, **G_EMBED,
      knock=EPS | WINDOW | {"rope scaling": config(rope_scaling=None)})
small("gemma3_v5", "gemma3_text",
      dict(GEMMA, query_pre_attn_scalar=16, sliding_window=8,
           layer_types=["sliding_attention", "full_attention", "sliding_attention"],
           rope_parameters={"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 100000.0},
                            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}), layers=3, dialect="v5",
      **G_EMBED, knock=EPS | WINDOW)
GEMMA4 = dict(GEMMA, rms_norm_eps=1e-3, vocab_size_per_layer_input=64, sliding_window=8, num_key_value_heads=1,
              hidden_size_per_layer_input=0, layer_types=["sliding_attention", "full_attention"] * 2)
G4 = dict(layers=4, dialect="v5", embed=0.01, lengths=(1, 2, 7, 24),
          scale={"*.q_norm.weight": 0.3, "*.post_per_layer_input_norm.weight": 0.5})
G4_KNOCK = EPS | WINDOW | QK_NORM
small("gemma4_plain", "gemma4_text", dict(GEMMA4, global_head_dim=16), **G4, knock=G4_KNOCK)
# as published: keys of the blocks with full attention instead of a configuration of each block
small("gemma4_perlayer", "gemma4_text", dict(GEMMA4, hidden_size_per_layer_input=16, global_head_dim=32), **G4,
      knock=G4_KNOCK, put=dict(global_head_dim=32), omit=("per_layer_config",))
small("gemma4_shared", "gemma4_text",
      dict(GEMMA4, hidden_size_per_layer_input=16, global_head_dim=32, num_kv_shared_layers=2, use_double_wide_mlp=True),
      **G4, knock=G4_KNOCK)
small("gemma4_keqv", "gemma4_text",
      dict(GEMMA4, global_head_dim=32, attention_k_eq_v=True, num_key_value_heads=2, num_global_key_value_heads=1), **G4,
      knock=G4_KNOCK)
# the last block sees everything, whatever the list says
small("gemma4_last", "gemma4_text", dict(GEMMA4, global_head_dim=32), **G4,
      knock=G4_KNOCK, put=dict(global_head_dim=32, layer_types=["sliding_attention", "full_attention"] + ["sliding_attention"] * 2),
      omit=("per_layer_config",))

# Phi
LN = {"epsilon": config(layer_norm_eps=1e-9)}
ALL_BIAS = {"biases": zero("*.bias")}
PHI = dict(layer_norm_eps=1e-5)
small("phi_partial", "phi", dict(PHI, num_key_value_heads=4, head_dim=12, rope_parameters=rope("default", partial_rotary_factor=0.5)),
      knock=LN | THETA | ALL_BIAS | {"partial rotary": config(partial_rotary_factor=1.0)})
small("phi_qknorm", "phi", dict(PHI, qk_layernorm=True, rope_parameters=rope("default", partial_rotary_factor=0.5)),
      dialect="v5", knock=LN | {"qk norm": zero("*.q_layernorm.*", "*.k_layernorm.*")})
PHI3 = dict(MODERN, num_attention_heads=2, num_key_value_heads=1, original_max_position_embeddings=32,
            max_position_embeddings=128, pad_token_id=None)
FACTORS = dict(short_factor=[1.0, 1.1, 1.3, 1.5, 1.8, 2.0, 2.5, 3.0], long_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 9.0])
small("phi3_plain", "phi3", dict(PHI3, sliding_window=None), knock=EPS | THETA)
small("phi3_window", "phi3", dict(PHI3, sliding_window=8, head_dim=12), dialect="v5", knock=EPS | WINDOW)
small("phi3_longrope", "phi3", dict(PHI3, rope_parameters=rope("longrope", original_max_position_embeddings=32, **FACTORS)),
      lengths=BEYOND, knock=NO_SCALING | {"long factors": config(rope_scaling={"long_factor": [1.0] * 8}),
                                          "short factors": config(rope_scaling={"short_factor": [1.0] * 8}),
                                          "attention factor": config(max_position_embeddings=32)})
small("phi3_partial", "phi3",
      dict(PHI3, rope_parameters=rope("longrope", original_max_position_embeddings=32, partial_rotary_factor=0.75,
                                      short_factor=[1.0, 1.1, 1.3, 1.5, 1.8, 2.0], long_factor=[1.0, 1.5, 2.0, 3.0, 4.0, 6.0])),
      lengths=BEYOND, dialect="v5",
      knock={"long factors": config(rope_parameters={"long_factor": [1.0] * 6})})

# StableLM, Persimmon, Nemotron
small("stablelm_plain", "stablelm", dict(layer_norm_eps=1e-5, num_attention_heads=2, num_key_value_heads=2, rope_parameters=rope("default", partial_rotary_factor=0.25)),
      knock=LN | THETA | {"partial rotary": config(partial_rotary_factor=0.5)})
small("stablelm_parallel", "stablelm",
      dict(layer_norm_eps=1e-5, use_qkv_bias=True, qk_layernorm=True, use_parallel_residual=True, hidden_size=32,
           rope_parameters=rope("default", partial_rotary_factor=0.25)), dialect="v5", knock=LN | BIAS)
small("stablelm_bias", "stablelm",
      dict(layer_norm_eps=1e-5, use_qkv_bias=True, rope_parameters=rope("default", partial_rotary_factor=0.5)),
      knock=LN | BIAS)
small("persimmon_qknorm", "persimmon",
      dict(layer_norm_eps=1e-5, qk_layernorm=True, rope_parameters=rope("default", partial_rotary_factor=0.5)),
      knock=LN | THETA | ALL_BIAS)
small("persimmon_plain", "persimmon",
      dict(layer_norm_eps=1e-5, qk_layernorm=False, rope_parameters=rope("default", partial_rotary_factor=0.5)),
      dialect="v5", knock=LN | ALL_BIAS)
NORM = {"epsilon": config(norm_eps=1e-9)}
small("nemotron_partial", "nemotron", dict(norm_eps=1e-5, rope_parameters=rope("default", partial_rotary_factor=0.5)),
      knock=NORM | THETA | {"activation": config(hidden_act="relu")})
small("nemotron_bias", "nemotron",
      dict(norm_eps=1e-5, attention_bias=True, mlp_bias=True, head_dim=12,
           rope_parameters=rope("default", partial_rotary_factor=0.5)), dialect="v5", knock=NORM | BIAS)

# GPT-2, GPT-Neo, GPT-NeoX, GPT-J, CodeGen, StarCoder
OLD = {"epsilon": config(layer_norm_epsilon=1e-9)}
NO_PREFIX = ((r"^transformer\.", ""),)
small("gpt2_plain", "gpt2", dict(n_inner=48), rename=NO_PREFIX, knock=OLD | {"positions": zero("wpe.weight")} | ALL_BIAS)
small("gpt2_scaled", "gpt2", dict(scale_attn_by_inverse_layer_idx=True, activation_function="gelu"), layers=3,
      knock=OLD | {"scale by layer": config(scale_attn_by_inverse_layer_idx=False), "activation": config(activation_function="relu")})
small("gpt2_unscaled", "gpt2", dict(n_inner=48, scale_attn_weights=False),
      knock={"attention scale": config(scale_attn_weights=True)})
small("gpt_neo_local", "gpt_neo", dict(attention_types=[[["global", "local"], 1]], window_size=8),
      knock=OLD | {"window": config(window_size=4), "positions": zero("*.wpe.weight")})
small("gpt_neo_types", "gpt_neo", dict(attention_types=[[["local"], 1], [["global"], 2]], window_size=5), layers=3,
      knock=OLD | {"window": config(window_size=4)})
NEOX = dict(layer_norm_eps=1e-5, rope_parameters=rope("default", partial_rotary_factor=0.5))
NEOX_ROPE = {"rope theta": config(rotary_emb_base=20000), "partial rotary": config(rotary_pct=1.0)}
# the base has a name of its own, and only that counts
small("gpt_neox_parallel", "gpt_neox", NEOX, put={"rope_theta": 500.0}, knock=LN | NEOX_ROPE | ALL_BIAS |
      {"parallel residual": config(use_parallel_residual=False)})
small("gpt_neox_serial", "gpt_neox", dict(NEOX, use_parallel_residual=False, attention_bias=False), dialect="v5",
      knock=LN | {"parallel residual": config(use_parallel_residual=True)})
small("gptj_plain", "gptj", dict(n_inner=48, rotary_dim=4), put={"rope_theta": 500.0}, knock=OLD | ALL_BIAS)
small("gptj_full", "gptj", dict(rotary_dim=8), knock=OLD)
small("codegen_plain", "codegen", dict(n_inner=48, rotary_dim=4), put={"rope_theta": 500.0}, knock=OLD | ALL_BIAS)
small("codegen_full", "codegen", dict(rotary_dim=8, activation_function="gelu"),
      knock=OLD | {"activation": config(activation_function="relu")})
small("gpt_bigcode_mqa", "gpt_bigcode", dict(n_inner=48, multi_query=True), drop=("num_key_value_heads",),
      knock=OLD | {"positions": zero("*.wpe.weight")} | ALL_BIAS)
small("gpt_bigcode_mha", "gpt_bigcode", dict(n_inner=48, multi_query=False), drop=("num_key_value_heads",), knock=OLD)
STAR = {"epsilon": config(norm_epsilon=1e-9)}
small("starcoder2_window", "starcoder2", dict(norm_epsilon=1e-5, sliding_window=8), knock=STAR | WINDOW | THETA | ALL_BIAS)
small("starcoder2_nobias", "starcoder2", dict(norm_epsilon=1e-5, use_bias=False, head_dim=12), dialect="v5", knock=STAR | V5_THETA)

# OPT, BLOOM, MPT, Falcon
OPT = dict(ffn_dim=48, pad_token_id=1)
small("opt_plain", "opt", OPT, knock={"positions": zero("*.embed_positions.weight")} | ALL_BIAS)
small("opt_350m", "opt", dict(OPT, do_layer_norm_before=False, word_embed_proj_dim=16),
      knock={"positions": zero("*.embed_positions.weight")} | ALL_BIAS)
small("opt_nobias", "opt", dict(OPT, enable_bias=False, layer_norm_elementwise_affine=False, activation_function="gelu"),
      knock={"activation": config(activation_function="relu")})
small("bloom_plain", "bloom", {}, rename=NO_PREFIX, knock=ALL_BIAS)
small("bloom_heads6", "bloom", dict(hidden_size=24, num_attention_heads=6), knock=ALL_BIAS)
small("bloom_postln", "bloom", dict(apply_residual_connection_post_layernorm=True),
      knock={"residual": config(apply_residual_connection_post_layernorm=False)})
small("mpt_plain", "mpt", dict(expansion_ratio=2), knock=OLD)
small("mpt_heads6", "mpt", dict(hidden_size=24, num_attention_heads=6, expansion_ratio=1,
                                attn_config=dict(clip_qkv=0.8, softmax_scale=0.3)),
      knock={"clip": config(attn_config={"clip_qkv": None}), "scale": config(attn_config={"softmax_scale": None})})
FALCON = dict(ffn_hidden_size=48)
small("falcon_7b", "falcon", FALCON, knock=OLD | THETA)
small("falcon_new", "falcon", dict(FALCON, new_decoder_architecture=True, num_kv_heads=2), knock=OLD | THETA)
small("falcon_11b", "falcon", dict(FALCON, new_decoder_architecture=True, num_kv_heads=2, num_ln_in_parallel_attn=1),
      dialect="v5", knock=OLD | V5_THETA)
# eager attention of this transformers adds the biases of alibi twice: to the mask, and to the scores
small("falcon_rw", "falcon", dict(FALCON, alibi=True, multi_query=False, parallel_attn=False, bias=True), attention="sdpa",
      knock=OLD | ALL_BIAS | {"alibi": config(alibi=False)})
# slopes that are no powers of two, positions that bfloat16 does not hold
small("falcon_rw_far", "falcon", dict(FALCON, hidden_size=12, num_attention_heads=6, ffn_hidden_size=16, alibi=True,
                                      multi_query=False, parallel_attn=False), layers=1, attention="sdpa", lengths=(1, 2, 7, 264),
      knock={"alibi": config(alibi=False)})
small("falcon_mha", "falcon", dict(FALCON, multi_query=False, num_kv_heads=4), knock=OLD | THETA)

# OLMo, Granite, Cohere, GLM
small("olmo_plain", "olmo", dict(pad_token_id=1), knock=THETA)
small("olmo_clip", "olmo", dict(pad_token_id=1, clip_qkv=0.7, head_dim=12), dialect="v5", knock={"clip": config(clip_qkv=None)})
small("olmo2_plain", "olmo2", dict(MODERN, pad_token_id=1), knock=EPS | THETA | QK_NORM)
small("olmo2_v5", "olmo2", dict(MODERN, pad_token_id=1, num_key_value_heads=4, head_dim=12), dialect="v5", knock=EPS | V5_THETA)
# rope_local_base_freq is a key of Gemma 3's
small("olmo3_window", "olmo3", dict(MODERN, pad_token_id=1, sliding_window=8), put={"rope_local_base_freq": 500.0}, layers=4,
      knock=EPS | WINDOW | QK_NORM)
small("olmo3_yarn", "olmo3",
      dict(TWO, pad_token_id=1, sliding_window=8, head_dim=12, max_position_embeddings=128,
           # the theta that transformers takes for the sliding layers of the older dialect, whatever rope_theta says
           rope_parameters={"full_attention": dict(rope("yarn", factor=4.0, original_max_position_embeddings=32,
                                                        attention_factor=1.2), rope_theta=500000.0),
                            "sliding_attention": dict(rope("default"), rope_theta=500000.0)},
           layer_types=["sliding_attention", "full_attention"]), lengths=BEYOND,
      knock=WINDOW | {"rope scaling": config(rope_scaling=None)})
small("granite_scaled", "granite",
      dict(MODERN, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.5, logits_scaling=4.0),
      embed=0.007,
      knock=EPS | THETA | {"embedding": config(embedding_multiplier=1.0), "residual": config(residual_multiplier=1.0),
                           "attention": config(attention_multiplier=0.35355339)})
small("granite_bias", "granite", dict(MODERN, attention_bias=True, mlp_bias=True, attention_multiplier=0.2, head_dim=12), dialect="v5",
      knock=EPS | BIAS)
COHERE = dict(layer_norm_eps=1e-5, pad_token_id=0)
small("cohere_plain", "cohere", COHERE, knock=LN | THETA)
small("cohere_qknorm", "cohere", dict(COHERE, use_qk_norm=True, attention_bias=True, head_dim=12, num_key_value_heads=1), dialect="v5", knock=LN | QK_NORM | BIAS)
small("cohere2_window", "cohere2", dict(COHERE, sliding_window=8), layers=4, knock=LN | THETA | WINDOW)
small("cohere2_types", "cohere2",
      dict(COHERE, sliding_window=8, head_dim=12, layer_types=["full_attention", "sliding_attention"]), dialect="v5", knock=LN | WINDOW)
GLM = dict(MODERN, head_dim=16, pad_token_id=None, eos_token_id=[2], rope_parameters=rope("default", partial_rotary_factor=0.5))
small("glm_plain", "glm", GLM, knock=EPS | THETA | BIAS | {"partial rotary": config(partial_rotary_factor=1.0)})
small("glm_nobias", "glm", dict(GLM, attention_bias=False), dialect="v5", knock=EPS)
small("glm_null", "glm", dict(GLM, rope_parameters=rope("default", partial_rotary_factor=1.0)),
      put={"partial_rotary_factor": None}, knock=EPS | {"partial rotary": config(partial_rotary_factor=0.5)})
small("glm4_plain", "glm4", GLM, knock=EPS | THETA | BIAS)
small("glm4_nobias", "glm4", dict(GLM, attention_bias=False), dialect="v5", knock=EPS)

# The rest of the llama-like families
small("exaone4_plain", "exaone4", dict(MODERN, sliding_window=None, sliding_window_pattern=None,
                                       layer_types=["full_attention"] * 2), knock=EPS | THETA | QK_NORM)
small("exaone4_hybrid", "exaone4", dict(MODERN, sliding_window=8, sliding_window_pattern=2), layers=3,
      knock=EPS | WINDOW | THETA)
small("internlm3_plain", "internlm3", dict(MODERN, head_dim=12), knock=EPS | THETA)
small("internlm3_bias", "internlm3", dict(MODERN, head_dim=8, qkv_bias=True, bias=True), dialect="v5", knock=EPS | BIAS)
small("seed_oss_bias", "seed_oss", dict(MODERN, head_dim=12, pad_token_id=None), knock=EPS | THETA | BIAS)
small("seed_oss_outbias", "seed_oss", dict(MODERN, head_dim=8, attention_out_bias=True, mlp_bias=True, pad_token_id=None),
      dialect="v5", knock=EPS | {"output bias": zero("*.o_proj.bias"), "mlp biases": zero("*.mlp.*.bias")})
small("helium_plain", "helium", dict(MODERN, head_dim=8, pad_token_id=None), knock=EPS | THETA)
small("helium_bias", "helium", dict(MODERN, head_dim=8, attention_bias=True, mlp_bias=True, pad_token_id=None), dialect="v5",
      knock=EPS | BIAS)
small("arcee_plain", "arcee", MODERN, knock=EPS | THETA | {"activation": config(hidden_act="relu")})
small("arcee_bias", "arcee", dict(MODERN, attention_bias=True, mlp_bias=True), dialect="v5", knock=EPS | BIAS)
small("apertus_plain", "apertus", dict(TWO, pad_token_id=None, max_position_embeddings=512, rope_parameters=dict(LLAMA3)),
      lengths=(1, 2, 7, 70), knock=EPS | NO_SCALING | QK_NORM)
small("apertus_bias", "apertus", dict(MODERN, pad_token_id=None, attention_bias=True, rope_parameters=rope("default")),
      dialect="v5", knock=EPS | BIAS)
small("jais2_plain", "jais2", dict(layer_norm_eps=1e-5, num_key_value_heads=4), knock=LN | THETA | ALL_BIAS |
      {"activation": config(hidden_act="relu")})
small("jais2_nobias", "jais2", dict(layer_norm_eps=1e-5, attention_bias=False, mlp_bias=False, head_dim=12), dialect="v5",
      knock=LN | V5_THETA)
small("hyperclovax_scaled", "hyperclovax",
      dict(MODERN, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.5, logits_scaling=4.0), embed=0.007,
      knock=EPS | THETA | {"embedding": config(embedding_multiplier=1.0), "residual": config(residual_multiplier=1.0),
                           "attention": config(attention_multiplier=None), "post norms": one("*.post_norm?.weight")})
small("hyperclovax_plain", "hyperclovax", dict(MODERN, use_post_norm=False, head_dim=12, attention_bias=True), dialect="v5",
      knock=EPS | V5_THETA | BIAS)
small("iquestcoder_plain", "iquestcoder", dict(MODERN, head_dim=12), knock=EPS | THETA)
small("iquestcoder_bias", "iquestcoder", dict(MODERN, head_dim=8, attention_bias=True, mlp_bias=True), dialect="v5",
      knock=EPS | BIAS)
small("ernie4_5_plain", "ernie4_5", dict(MODERN, head_dim=12, pad_token_id=0), knock=EPS | THETA)
small("ernie4_5_bias", "ernie4_5", dict(MODERN, head_dim=8, use_bias=True, pad_token_id=0), dialect="v5", knock=EPS | ALL_BIAS)
small("hunyuan_plain", "hunyuan_v1_dense", dict(MODERN, head_dim=16, pad_token_id=0), knock=EPS | THETA |
      {"qk norm weights": one("*.query_layernorm.weight", "*.key_layernorm.weight")})
small("hunyuan_alpha", "hunyuan_v1_dense",
      dict(MODERN, head_dim=16, pad_token_id=0, attention_bias=True,
           rope_parameters=rope("dynamic", alpha=50.0, factor=1.0, beta_fast=32, beta_slow=1, mscale=1.0, mscale_all_dim=0.0)),
      knock=EPS | NO_SCALING | BIAS)

# Files without the keys that have default values (the numbers of heads in wrapped ones too), and other layouts: InternLM2
# (one matrix for q, k and v, grouped) and the text part of multimodal models
small("llama_sparse", "llama", dict(num_key_value_heads=4, rms_norm_eps=1e-6, max_position_embeddings=2048), sparse=True,
      omit=("rope_scaling", "rope_theta"), embed=0.004, knock=EPS | {"rope theta": config(rope_theta=20000.0)})
small("qwen2_sparse", "qwen2", dict(num_key_value_heads=4, num_attention_heads=4, bos_token_id=None, eos_token_id=None,
                                    max_position_embeddings=32768), sparse=True, embed=0.004, knock=EPS | BIAS)
small("internlm2_plain", "llama", dict(MODERN, num_key_value_heads=2), layout="internlm2", knock=EPS | THETA)
small("internlm2_dynamic", "llama",
      dict(TWO, num_key_value_heads=2, max_position_embeddings=32, rope_parameters=rope("dynamic", factor=2.0)),
      layout="internlm2", lengths=BEYOND, knock=EPS | NO_SCALING)
small("wrapped_llava", "llama", dict(num_attention_heads=32, num_key_value_heads=32, head_dim=2, rms_norm_eps=1e-6, max_position_embeddings=2048), sparse=True,
      layout="llava", embed=0.004, knock={"epsilon": config(text_config={"rms_norm_eps": 1e-9})})
small("wrapped_mistral3", "mistral", dict(MODERN, num_key_value_heads=4, sliding_window=None), layout="mistral3",
      knock={"epsilon": config(text_config={"rms_norm_eps": 1e-9}), "rope theta": config(text_config={"rope_theta": 20000.0})})
small("wrapped_smolvlm", "llama", dict(MODERN, num_key_value_heads=2), layout="smolvlm", dialect="v5",
      knock={"epsilon": config(text_config={"rms_norm_eps": 1e-9})})
small("wrapped_falcon", "falcon", FALCON, layout="llava", knock={"epsilon": config(text_config={"layer_norm_epsilon": 1e-9})})
small("wrapped_opt", "opt", OPT, layout="blip-2", knock=ALL_BIAS)
small("wrapped_hyperclovax", "hyperclovax", dict(MODERN, use_post_norm=False), layout="hyperclovax_vision_v2", dialect="v5",
      knock={"epsilon": config(text_config={"rms_norm_eps": 1e-9})})
small("wrapped_gemma3", "gemma3_text",
      dict(GEMMA, head_dim=8, num_attention_heads=8, num_key_value_heads=4, query_pre_attn_scalar=8, sliding_window=8, rope_parameters=BASES),
      layers=7, layout="gemma3", sparse=True, dialect="v5", lengths=(1, 2, 7, 20), **G_EMBED,
      knock={"epsilon": config(text_config={"rms_norm_eps": 1e-9}), "window": config(text_config={"sliding_window": 4})})

# GGUF files of the other families, as llama.cpp reads them too
def in_gguf(name, model_type, keys=None, layers=2, **options):
    keys = {"num_hidden_layers": layers, "intermediate_size": 48} | (keys or {})
    case("gguf_" + name, model_type, keys, gguf="BF16", **options)


in_gguf("qwen2", "qwen2", MODERN, embed=0.004)
in_gguf("qwen3", "qwen3", dict(MODERN, head_dim=16), embed=0.004)
in_gguf("gemma", "gemma", dict(GEMMA, num_key_value_heads=1), **G_EMBED)
in_gguf("gemma2", "gemma2", dict(GEMMA, attn_logit_softcapping=1.5, query_pre_attn_scalar=16, sliding_window=8), layers=3, **G_EMBED)
in_gguf("gemma3", "gemma3_text", dict(GEMMA, query_pre_attn_scalar=16, sliding_window=8, rope_parameters=BASES), layers=7,
        lengths=(1, 2, 7, 24), **G_EMBED)
GEMMA4_FILE = dict(layers=4, embed=0.01, lengths=(1, 2, 7, 24), scale=G4["scale"])
in_gguf("gemma4_shared", "gemma4_text",
        dict(GEMMA4, hidden_size_per_layer_input=16, global_head_dim=32, num_kv_shared_layers=2, use_double_wide_mlp=True),
        **GEMMA4_FILE)
in_gguf("gemma4_keqv", "gemma4_text",
        dict(GEMMA4, global_head_dim=32, attention_k_eq_v=True, num_key_value_heads=2, num_global_key_value_heads=1),
        **GEMMA4_FILE | dict(scale={"*.q_norm.weight": 0.2}))
in_gguf("internlm2", "llama", dict(MODERN, num_key_value_heads=2), layout="internlm2")
in_gguf("phi2", "phi", dict(PHI, num_key_value_heads=4, rope_parameters=rope("default", partial_rotary_factor=0.5)))
in_gguf("phi3", "phi3", dict(PHI3, sliding_window=None))
in_gguf("phi3_longrope", "phi3",  # llama.cpp takes the long factors when its context, here 512, is longer than the original
        dict(PHI3, original_max_position_embeddings=1024, max_position_embeddings=4096,
             rope_parameters=rope("longrope", original_max_position_embeddings=1024, **FACTORS)))
in_gguf("stablelm", "stablelm", dict(layer_norm_eps=1e-5, use_qkv_bias=True, rope_parameters=rope("default", partial_rotary_factor=0.25)))
in_gguf("stablelm_parallel", "stablelm", dict(layer_norm_eps=1e-5, qk_layernorm=True, use_parallel_residual=True,
                                              rope_parameters=rope("default", partial_rotary_factor=0.25)))
in_gguf("gpt2", "gpt2", dict(n_inner=48))
in_gguf("gptneox", "gpt_neox", NEOX)
in_gguf("gptneox_serial", "gpt_neox", dict(NEOX, use_parallel_residual=False))
in_gguf("starcoder", "gpt_bigcode", dict(n_inner=48, multi_query=True), drop=("num_key_value_heads",))
in_gguf("starcoder2", "starcoder2", dict(norm_epsilon=1e-5))
in_gguf("bloom", "bloom", {})
in_gguf("mpt", "mpt", dict(attn_config=dict(clip_qkv=0.8)))
in_gguf("falcon", "falcon", FALCON)
in_gguf("falcon_new", "falcon", dict(FALCON, new_decoder_architecture=True, num_kv_heads=2))
in_gguf("olmo", "olmo", dict(pad_token_id=1, clip_qkv=0.7))
in_gguf("olmo2", "olmo2", dict(MODERN, pad_token_id=1))
in_gguf("olmo3", "olmo3", dict(MODERN, pad_token_id=1, sliding_window=8), layers=4)
in_gguf("granite", "granite", dict(MODERN, embedding_multiplier=3.0, residual_multiplier=0.6, attention_multiplier=0.5,
                                   logits_scaling=4.0), embed=0.007)
in_gguf("command_r", "cohere", COHERE)
in_gguf("cohere2", "cohere2", dict(COHERE, sliding_window=8), layers=4)
in_gguf("chatglm", "glm", dict(GLM, head_dim=8))
in_gguf("glm4", "glm4", GLM)
in_gguf("exaone4", "exaone4", dict(MODERN, sliding_window=None, sliding_window_pattern=None, layer_types=["full_attention"] * 2))
# llama.cpp knows windows of this family by their 64 blocks
in_gguf("exaone4_window", "exaone4", dict(MODERN, hidden_size=16, intermediate_size=16, sliding_window=8, sliding_window_pattern=4),
        layers=64, embed=1.0, lengths=(1, 2, 7, 24), scale={"*.post_*_layernorm.weight": 0.1})
in_gguf("nemotron", "nemotron", dict(norm_eps=1e-5, rope_parameters=rope("default", partial_rotary_factor=0.5)))
in_gguf("smollm3", "smollm3", dict(MODERN, pad_token_id=None), layers=4)
in_gguf("seed_oss", "seed_oss", dict(MODERN, head_dim=12, pad_token_id=None))
in_gguf("arcee", "arcee", MODERN)
in_gguf("apertus", "apertus", dict(TWO, pad_token_id=None, max_position_embeddings=512, rope_parameters=dict(LLAMA3)),
        lengths=(1, 2, 7, 70))
in_gguf("jais2", "jais2", dict(layer_norm_eps=1e-5, num_key_value_heads=4))
in_gguf("ernie4_5", "ernie4_5", dict(MODERN, head_dim=12, pad_token_id=0))
in_gguf("hunyuan", "hunyuan_v1_dense", dict(MODERN, head_dim=16, pad_token_id=0))
in_gguf("ministral3", "ministral3",
        dict(MODERN, head_dim=16, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=128, pad_token_id=None,
             rope_parameters=dict(rope("yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=32.0, beta_slow=1.0,
                                       mscale=1.0, mscale_all_dim=1.0), llama_4_scaling_beta=0.4)))
