"""The table of seeded tiny models: one row a case. See make_arch.py for what is made of a row.

    case(name, model_type, config keys, ...)
      dialect   "published": rope_theta and rope_scaling, as in most published files; "v5": rope_parameters
      store     dtype of the tensors in the file; the states always come from the widened weights in float32
      shards    the number of safetensors files
      lengths   the prompts' lengths in tokens
      embed     standard deviation of the embedding; small enough for the norm's epsilon to be seen
      knock     {rule: what switches it off}: {"config": merge patch of config.json} and/or
                {"zero" or "one": [patterns of tensor names]}; must move some row by >= 1e-3
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
case("gguf_llama3_rope", "llama", dict(GGUF, rope_parameters=LLAMA3, max_position_embeddings=512), gguf="F32",
     lengths=LONG)
