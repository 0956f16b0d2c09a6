#!/usr/bin/env python3
"""Does `mc` agree with transformers on configurations that nobody thought of? Tiny models with random ones.

    tests/oracle/sweep_arch.py [--mc build/mc] [--only PATTERN] [--seeds FIRST:LAST] [--keep FOLDER]

Each family of arch_cases.py gets a model for each seed: odd sizes, every activation, every rope in both dialects,
windows, patterns of blocks, biases, extreme epsilons, weights of F32, F16 or BF16, keys left out or null; texts of 1 to
300 random tokens, some with common beginnings. Where transformers (float32, eager attention) runs a model, `mc` must give
its states or refuse. The bound for a token row is a relative L2 of 2e-5, or 12 times the distance between transformers
in float32 and in float64 where that is more: random models can be ill conditioned. Prints what is wrong, what `mc`
refuses alone and what it runs alone, with the configuration; exits with 1 when something is wrong."""

import argparse
import collections
import copy
import fnmatch
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
import safetensors.numpy
import torch
import transformers

import make_arch
from arch_cases import CASES, Case
from audit_keys import ours, write_tokenizer
from states import row_error, states_of

BOUND, SLACK = 2e-5, 12
ACTIVATIONS = ("silu", "swish", "gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "gelu_python", "gelu_accurate",
               "gelu_python_tanh", "quick_gelu", "relu", "relu2", "tanh", "sigmoid")
EPSILONS = (1e-12, 1e-8, 1e-6, 1e-5, 1e-3, 0.1)
FACTORS = (1.0, 0.3, 2.5, 12.0, 0.11)
WINDOWS = (1, 2, 3, 8, 17, 33, 64, 500, None)
VALUES = {
    **dict.fromkeys(("hidden_act", "hidden_activation", "activation_function", "activation"), ACTIVATIONS),
    **dict.fromkeys(("rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_eps", "norm_epsilon"), EPSILONS),
    **dict.fromkeys(("embedding_multiplier", "residual_multiplier", "attention_multiplier"), FACTORS),
    "sliding_window": WINDOWS, "window_size": WINDOWS[:-1], "sliding_window_pattern": (1, 2, 3, 4),
    "max_window_layers": (0, 1, 2, 4), "no_rope_layer_interval": (1, 2, 3), "query_pre_attn_scalar": (1, 4, 24, 256),
    "attn_logit_softcapping": (None, 0.5, 1.0, 50.0), "clip_qkv": (None, 0.5, 30.0), "word_embed_proj_dim": (16, 20),
    "num_ln_in_parallel_attn": (None, 1, 2), "expansion_ratio": (1, 2, 4), "original_max_position_embeddings": (8, 32, 100),
    "attn_config": ({}, {"clip_qkv": 0.5}, {"softmax_scale": 0.2}, {"clip_qkv": 2.0, "softmax_scale": 1.0}),
    "num_global_key_value_heads": (None, 1), "num_kv_shared_layers": (0, 0, 1), "hidden_size_per_layer_input": (0, 8),
}
FIXED = {"is_decoder", "is_encoder_decoder", "add_cross_attention", "use_bidirectional_attention", "use_cache", "return_dict",
         "output_hidden_states", "output_attentions"}


def pick(rng, *values):
    return values[int(rng.integers(len(values)))]


def chance(rng, share):
    return bool(rng.random() < share)


def yarn(rng):
    keys = dict(attention_factor=(0.7, 1.4), beta_fast=(4.0, 32, 64.0), beta_slow=(0.1, 1, 2.0), mscale=(0.7, 1.0, 0),
                mscale_all_dim=(0.4, 1.0, 0), truncate=(True, False))
    return dict(factor=pick(rng, 0.5, 1.0, 4, 40.0), **{k: pick(rng, *v) for k, v in keys.items() if chance(rng, 0.35)})


def rope_of(rng, family, pairs):
    kind = pick(rng, "default", "linear", "dynamic", "yarn", "yarn", "longrope", "longrope", "llama3")
    rope = {"rope_type": kind}
    if kind in ("linear", "dynamic"):
        rope["factor"] = pick(rng, 1.0, 2.0, 3.7, 8)
    if kind == "yarn":
        rope.update(yarn(rng))
    if kind == "longrope":
        rope.update(short_factor=rng.uniform(1, 3, pairs).tolist(), long_factor=rng.uniform(1, 30, pairs).tolist())
        rope.update({k: v for k, v in dict(factor=8.0, attention_factor=1.3).items() if chance(rng, 0.4)})
    if kind == "llama3":
        rope.update(factor=8.0, low_freq_factor=pick(rng, 0.5, 1.0, 2), high_freq_factor=pick(rng, 3, 4.0))
    if kind != "default" and chance(rng, 0.7) or family == "ministral3":
        rope["original_max_position_embeddings"] = pick(rng, 4, 16, 33, 100)
    if family == "ministral3":
        rope["llama_4_scaling_beta"] = pick(rng, 0.0, 0.1, 0.4)
    if family == "hunyuan_v1_dense" and kind == "dynamic":
        rope["alpha"] = pick(rng, 1.0, 50.0, 1000.0)
    return rope


def put_rope(rng, config, family, usual, head_dim):
    """A rope in one of the dialects; none now and then."""
    own = usual.get("rope_parameters") or {}
    nested = "full_attention" in own
    share = pick(rng, None, 0.25, 0.5, 0.75, 1.0) if family == "phi3" or "partial_rotary_factor" in str(own) else None
    first = own.get("full_attention", {}) if nested else own
    rotary = int(head_dim * (share or first.get("partial_rotary_factor") or 1.0))
    theta = pick(rng, 10000.0, 10000, 500.0, 1e6)
    rope = rope_of(rng, family, rotary // 2)
    if chance(rng, 0.15):
        return
    if nested and (family == "gemma4_text" or chance(rng, 0.6)):
        local = dict(rope_of(rng, family, head_dim // 2) if chance(rng, 0.3) else {"rope_type": "default"}, rope_theta=777.0)
        config["rope_parameters"] = {"full_attention": dict(rope, rope_theta=theta), "sliding_attention": local}
    elif chance(rng, 0.5):
        config["rope_parameters"] = dict(rope, rope_theta=theta) | ({} if share is None else {"partial_rotary_factor": share})
    else:
        config.update({"rope_theta": theta, "rope_scaling": None if rope == {"rope_type": "default"} else rope})
        config.update({} if share is None else {"partial_rotary_factor": share})
        if family == "gpt_neox":
            config.update(rotary_emb_base=pick(rng, 10000, 500.0), rotary_pct=pick(rng, 0.25, 0.5, 1.0))


def sizes_of(rng, family, usual, names):
    heads = pick(rng, 4, 8, 12) if family == "codegen" else pick(rng, 1, 2, 3, 4, 5, 6, 8, 12)
    dim = pick(rng, 3, 7) if "rope_parameters" not in usual and chance(rng, 0.3) else pick(rng, 2, 4, 6, 8, 12, 16, 24, 36)
    wide = "head_dim" in usual and chance(rng, 0.6)  # heads need not fill the hidden size
    hidden = heads * (pick(rng, 3, 5, 8, 11, 17) if wide else dim)
    positions = "rope_parameters" not in usual
    sizes = dict(hidden_size=hidden, num_hidden_layers=pick(rng, 1, 2, 3, 4), num_attention_heads=heads,
                 vocab_size=pick(rng, 64, 257), max_position_embeddings=320 if positions else pick(rng, 16, 64, 320),
                 num_key_value_heads=pick(rng, *[k for k in range(1, heads + 1) if heads % k == 0]))
    sizes = {names.get(k, k): v for k, v in sizes.items() if names.get(k, k) in usual}
    for key in ("intermediate_size", "ffn_dim", "n_inner", "ffn_hidden_size"):
        if key in usual:
            sizes[key] = pick(rng, 8, 17, 33, 50, 95)
    sizes.update({k: dim for k in ("head_dim", "global_head_dim") if k in usual and (wide or usual[k])})
    sizes.update({k: max(dim // 2 * 2, 2) for k in ("rotary_dim",) if k in usual})
    sizes.update({k: sizes["vocab_size"] for k in ("vocab_size_per_layer_input",) if k in usual})
    return sizes, dim


def config_for(rng, family):
    """config.json at random, of values that are each possible."""
    kind = make_arch.config_class(Case("", family))
    usual, names = json.loads(kind().to_json_string(use_diff=False)), dict(getattr(kind, "attribute_map", {}))
    config, dim = sizes_of(rng, family, usual, names)
    layers = config[names.get("num_hidden_layers", "num_hidden_layers")]
    for key, value in usual.items():
        if key in VALUES and chance(rng, 0.7) and not (family == "apertus" and key == "hidden_act"):
            config[key] = pick(rng, *VALUES[key])
        elif isinstance(value, bool) and key not in FIXED and chance(rng, 0.3):
            config[key] = not value
        elif key == "layer_types" and chance(rng, 0.5):
            config[key] = [pick(rng, "full_attention", "sliding_attention") for _ in range(layers)]
        elif key == "no_rope_layers" and chance(rng, 0.4):
            config[key] = [pick(rng, 0, 1) for _ in range(layers)]
    if family == "gpt_neo":
        config["attention_types"] = [[[pick(rng, "global", "local") for _ in range(layers)], 1]]
    put_rope(rng, config, family, usual, dim)
    spare = [k for k in config if k not in ("vocab_size", "head_dim")]
    if chance(rng, 0.1):
        config[pick(rng, *spare)] = None
    elif chance(rng, 0.1):
        config.pop(pick(rng, *spare))
    return dict(config, model_type=family, bos_token_id=1, eos_token_id=2, pad_token_id=pick(rng, None, 0, 1))


def small(config):
    """A key that was left out can mean billions of weights."""
    text = config.get_text_config()
    return text.num_hidden_layers <= 8 and text.hidden_size <= 1000 and text.vocab_size <= 1000


def texts_for(rng, vocabulary):
    texts = [rng.integers(3, vocabulary, n).tolist() for n in (1, pick(rng, 2, 5, 17, 40), pick(rng, 64, 130, 257, 300))]
    for _ in range(pick(rng, 0, 1, 3)):
        cut = int(rng.integers(1, len(texts[2])))
        texts.append((texts[2][:cut] + rng.integers(3, vocabulary, 20).tolist())[:300])
    return texts


class Sweep:
    def __init__(self, args, work):
        self.args, self.work, self.folder = args, work, work / "model"
        self.counts = collections.Counter()

    def make(self, rng, tag, config):
        """The folder with its weights, and which attention is the reference; None where transformers makes no such model."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        path = self.folder / "config.json"
        path.write_text(json.dumps(config))
        # eager attention of Falcon adds the biases of alibi twice
        attention = "sdpa" if config["model_type"] == "falcon" else "eager"
        try:
            known = transformers.AutoConfig.from_pretrained(self.folder)
            if not small(known):
                return None
            model = transformers.AutoModelForCausalLM.from_config(known, attn_implementation=attention).float()
        except Exception:
            return None
        make_arch.fill(model, Case(tag, config["model_type"], embed=pick(rng, 0.004, 0.02, 1.0, 40.0),
                                   gain=pick(rng, 0.3, 1.0, 2.0)))
        model.to(make_arch.DTYPES[pick(rng, "F32", "F16", "BF16")]).save_pretrained(self.folder)
        if chance(rng, 0.6):
            path.write_text(json.dumps(config))  # else as transformers writes it, with every key
        write_tokenizer(self.folder, config["vocab_size"])
        return attention

    def states(self, model, texts):
        return np.concatenate([states_of(copy.deepcopy(model), ids) for ids in texts], axis=1)

    def judge(self, model, texts, want, got):
        """None when `got` is right, else how far it is off."""
        if got.shape != want.shape:
            return float("inf")
        error = row_error(got, want)
        worst = float(np.where(np.isfinite(error), error, np.inf).max())
        self.counts["compared"] += 1
        if worst <= BOUND:
            self.worst = max(self.worst, worst)
            return None
        steady = row_error(want, self.states(model.double(), texts)).max()
        self.counts["ill conditioned"] += worst <= SLACK * steady
        return None if worst <= SLACK * steady else worst

    def say(self, what, tag, why, config):
        self.counts[what] += 1
        print("  %s: %s: %s\n    %s" % (tag, what, why, json.dumps(config)), flush=True)

    def one(self, family, seed):
        tag = "%s-%d" % (family, seed)
        rng = make_arch.random_for("sweep", tag)
        config = config_for(rng, family)
        attention = self.make(rng, tag, config)
        if not attention:
            self.counts["not made"] += 1
            return
        texts, why = texts_for(rng, config["vocab_size"]), "states that are not finite"
        try:
            model = make_arch.load(self.folder, attention=attention)
            want = self.states(model, texts)
        except Exception as error:
            want, why = np.array(np.nan), " ".join(str(error).split())[:100]
        got = ours(self.args.mc, self.folder, self.work, texts)
        if not np.isfinite(want).all():
            if isinstance(got, np.ndarray):
                self.say("runs here only", tag, why, config)
            return
        if not isinstance(got, np.ndarray):
            self.say("refused", tag, got[got.find("reason: "):], config)
            return
        off = self.judge(model, texts, want, got)
        if off is not None:
            self.say("wrong", tag, "off by %.1e" % off, config)
            if self.args.keep:
                shutil.copytree(self.folder, self.args.keep / tag, dirs_exist_ok=True)

    def family(self, name, seeds):
        self.counts, self.worst = collections.Counter(), 0.0
        for seed in seeds:
            self.one(name, seed)
        counts = ", ".join("%d %s" % (n, what) for what, n in self.counts.items())
        print("%-18s worst row %.1e  %s" % (name, self.worst, counts), flush=True)
        return self.counts["wrong"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", default=str(make_arch.ROOT / "build" / "mc"))
    parser.add_argument("--only", default="*", help="a pattern of families")
    parser.add_argument("--seeds", default="0:20", help="first and last, without the last")
    parser.add_argument("--keep", type=pathlib.Path, help="where to leave models that are wrong")
    args = parser.parse_args()
    seeds = range(*map(int, args.seeds.split(":")))
    families = dict.fromkeys(c.model_type for c in CASES if fnmatch.fnmatch(c.model_type, args.only))
    with tempfile.TemporaryDirectory() as name:
        sweep = Sweep(args, pathlib.Path(name))
        sys.exit(1 if sum(sweep.family(family, seeds) for family in families) else 0)


if __name__ == "__main__":
    main()
