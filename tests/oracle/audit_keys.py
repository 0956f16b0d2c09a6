#!/usr/bin/env python3
"""Which keys of config.json change a model, and does `mc` know? Every key of transformers' own configuration classes is
tried, one at a time, on the seeded tiny models of tests/golden/arch.

    tests/oracle/audit_keys.py [--mc build/mc] [--only PATTERN] [--keys PATTERN] [--each N] [--verbose]

A key is given other values: a flag is turned, a number changed, a name replaced, an entry of a list altered; keys that
the file does not have are added; the rope is replaced by one of each type, in both dialects. transformers runs the
edited folder. Where it can, `mc` must give the same states
(relative L2 of every token row <= 1e-5) or refuse the folder. Anything else is a failure and ends with 1. Keys that
`mc` refuses although transformers' states stay as they were are listed at the end: they are refused for nothing; and
with --verbose those that `mc` runs and transformers does not."""

import argparse
import collections
import copy
import fnmatch
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import safetensors.numpy
import tokenizers
import torch
import transformers

import make_arch
from arch_cases import CASES
from verdicts import Verdicts

BOUND = 1e-5
WITHOUT_EFFECT = {"architectures", "transformers_version", "dtype", "torch_dtype", "model_type", "chunk_size_feed_forward",
                  "output_hidden_states", "output_attentions", "return_dict", "id2label", "label2id", "problem_type",
                  "quantization_config"}
NAMES = {"silu": "relu", "gelu": "silu", "gelu_new": "silu", "gelu_pytorch_tanh": "silu", "relu": "silu", "relu2": "silu",
         "xielu": "silu", "full_attention": "sliding_attention", "sliding_attention": "full_attention", "default": "linear",
         "linear": "default", "yarn": "default", "llama3": "default", "longrope": "default", "dynamic": "linear",
         "proportional": "default", "global": "local", "local": "global"}


def others(value):
    """Other values that a key could have."""
    if isinstance(value, bool):
        return [not value]
    if value is None:
        return [True, 4, 0.5]
    if isinstance(value, int):
        return [value + 1, value * 2, max(value // 2, 1), 0, None]
    if isinstance(value, float):
        return [value * 2, value / 4, 0.0, None]
    if isinstance(value, str):
        return [NAMES.get(value, "unheard-of"), "unheard-of"]
    if isinstance(value, list) and value:
        changed = others(value[0])[0] if not isinstance(value[0], list) else value[0]
        return [[changed] + value[1:], value[::-1], value[:-1]]
    return []


def places(config, path=()):
    """(path, value) of every key, nested ones too."""
    for key, value in config.items():
        if key in WITHOUT_EFFECT:
            continue
        yield path + (key,), value
        if isinstance(value, dict):
            yield from places(value, path + (key,))


def put(config, path, value):
    config = copy.deepcopy(config)
    at = config
    for key in path[:-1]:
        at = at.setdefault(key, {})
    if value == "gone":
        at.pop(path[-1], None)
    else:
        at[path[-1]] = value
    return config


def ropes(columns):
    """Rope parameters of each type, plain and odd, for so many rotated columns of a head."""
    pairs = columns // 2
    yarn = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=32)
    llama3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=64)
    short, long = [1.0 + 0.1 * i for i in range(pairs)], [1.0 + 0.7 * i for i in range(pairs)]
    longrope = dict(rope_type="longrope", short_factor=short, long_factor=long, original_max_position_embeddings=16)
    return [dict(rope_type="default"), dict(rope_type="default", factor=4.0), dict(), dict(type="linear", factor=4),
            dict(rope_type="linear", factor=0.5), dict(type="dynamic", factor=2.0),
            dict(rope_type="dynamic", factor=2.0, original_max_position_embeddings=16), dict(rope_type="dynamic", factor=2.0, alpha=8.0),
            yarn, dict(yarn, type="linear"), {k: v for k, v in yarn.items() if k != "original_max_position_embeddings"},
            dict(yarn, factor=1.0), dict(yarn, factor=0.5), dict(yarn, attention_factor=1.5), dict(yarn, attention_factor=None),
            dict(yarn, beta_fast=2, beta_slow=0.25), dict(yarn, beta_fast=1.0, beta_slow=32.0), dict(yarn, beta_fast=None),
            dict(yarn, mscale=0.7), dict(yarn, mscale=0.7, mscale_all_dim=0.3), dict(yarn, mscale_all_dim=1.0),
            dict(yarn, truncate=False), dict(yarn, original_max_position_embeddings=16384),
            llama3, {k: v for k, v in llama3.items() if k != "original_max_position_embeddings"}, dict(llama3, high_freq_factor=1.0),
            dict(llama3, low_freq_factor=2), longrope, dict(longrope, factor=8.0), dict(longrope, attention_factor=1.2),
            dict(longrope, short_factor=short[:-1]), dict(longrope, type="su"), dict(longrope, rope_type="yarn", factor=2.0),
            dict(rope_type="proportional"), dict(rope_type="proportional", factor=2.0), dict(rope_type="ntk", factor=2.0),
            dict(rope_type="default", mrope_section=[1, 1, 2]), dict(rope_type="mrope", mrope_section=[1, 1, 2])]


def rope_edits(config, case):
    """The rope replaced, in the dialect of rope_scaling and in that of rope_parameters."""
    usual = make_arch.config_of(case)
    rope = getattr(usual, "rope_parameters", None)
    if not rope:
        return
    kinds = [k for k, v in rope.items() if isinstance(v, dict)]
    first = rope["full_attention"] if kinds else rope
    theta, share = first.get("rope_theta", 10000.0), first.get("partial_rotary_factor")
    width = getattr(usual, "head_dim", None) or usual.hidden_size // usual.num_attention_heads
    own = {"rope_theta", "partial_rotary_factor", "rope_scaling", "rope_parameters", "rotary_emb_base", "rotary_pct"}
    bare = {k: v for k, v in config.items() if k not in own}
    outer = {} if share is None else {"partial_rotary_factor": share}
    for keys in ropes(int(width * (share or 1.0))):
        what = json.dumps(keys)
        yield "rope_scaling:" + what, dict(bare, rope_theta=theta, rope_scaling=keys, **outer)
        inner = dict(keys, rope_theta=theta, **outer)
        yield "rope_parameters:" + what, dict(bare, rope_parameters=inner)
        if kinds:
            yield "rope_nested:" + what, dict(bare, rope_parameters=dict(rope, full_attention=inner))
            yield "rope_local:" + what, dict(bare, rope_parameters=dict(rope, sliding_attention=inner))
    for place in ("rope_parameters", "rope_scaling"):
        yield place + ":share", dict(bare, **{place: dict(rope_type="default", rope_theta=theta, partial_rotary_factor=0.5)})
        yield place + ":shares", dict(bare, partial_rotary_factor=1.0,
                                      **{place: dict(rope_type="default", rope_theta=theta, partial_rotary_factor=0.5)})
        yield place + ":theta", dict(bare, rope_theta=20000, **{place: dict(rope_type="default", rope_theta=theta, **outer)})
    yield "rope_theta:int", dict(bare, rope_theta=20000, **outer)
    yield "rope_theta:gone", dict(bare, **outer)
    yield "rope_both", dict(bare, rope_theta=theta, rope_scaling=dict(type="linear", factor=2.0),
                            rope_parameters=dict(rope_type="linear", factor=4.0, rope_theta=theta), **outer)


def wrapped_edits(config, case):
    """The same of the text part, where that is only a part."""
    if "text_config" not in config:
        yield from edits(config, case)
        return
    for what, edited in edits(config["text_config"], case):
        yield what, dict(config, text_config=edited)


def edits(config, case):
    """Edited configurations: {what: config}"""
    yield from rope_edits(config, case)
    family = make_arch.config_class(case)
    usual = json.loads(family().to_json_string(use_diff=False))
    extra = {k: v for k, v in usual.items() if k not in config and k not in ("rope_parameters", "per_layer_config")}
    extra.update({k: usual.get(v) for k, v in getattr(family, "attribute_map", {}).items() if k not in config})
    for path, value in list(places(config)) + [((k,), v) for k, v in extra.items() if k not in WITHOUT_EFFECT]:
        tried = others(value) + (["gone"] if path[0] not in extra else [])
        for other in tried:
            yield ".".join(path) + "=" + json.dumps(other), put(config, path, other)


def reference(folder, case, prompts):
    """transformers' states, or None where it does not run the folder either."""
    attention = "sdpa" if case.model_type == "falcon" else case.attention  # with eager attention it adds ALiBi twice
    try:
        states = make_arch.states_of_all(lambda: make_arch.load(folder, case.layout, attention), prompts)
        return states if np.isfinite(states).all() else None
    except Exception:
        return None


def write_tokenizer(folder, size):
    words = tokenizers.models.WordLevel({"t%d" % i: i for i in range(size)}, unk_token="t0")
    tokenizer = tokenizers.Tokenizer(words)
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    tokenizer.save(str(folder / "tokenizer.json"))


def ours(mc, folder, work, prompts):
    """mc's states, or its reason for refusing."""
    texts, out = work / "texts", work / "out.safetensors"
    texts.write_text("".join(" ".join("t%d" % i for i in ids) + "\n" for ids in prompts))
    run = subprocess.run([mc, "geometry", "crm-build", folder, "--texts", texts, "--pool", "all", "--layers", "all",
                          "--output", out, "--threads", "1", "--yes"], capture_output=True, text=True)
    if run.returncode:
        return " ".join(run.stderr.split())
    tensors = safetensors.numpy.load_file(out)
    count = sum(k.startswith("state.") for k in tensors)
    return np.stack([tensors["state.%d" % k] for k in range(count)] + [tensors["final"]])


class Audit(Verdicts):
    def __init__(self, args):
        super().__init__("transformers")
        self.args = args

    def run(self, case):
        source = make_arch.GOLDEN / case.name
        golden = safetensors.numpy.load_file(source / "golden.safetensors")
        cuts = golden["text_offsets"]
        prompts = [golden["token_ids"][a:b].tolist() for a, b in zip(cuts[:-1], cuts[1:])]
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            folder = work / "model"
            shutil.copytree(source, folder, ignore=shutil.ignore_patterns("golden.safetensors"))
            config = json.loads((folder / "config.json").read_text())
            write_tokenizer(folder, config.get("text_config", config)["vocab_size"])
            base = reference(folder, case, prompts)
            before = self.same + self.refused
            for what, edited in wrapped_edits(config, case):
                if not fnmatch.fnmatch(what, self.args.keys):
                    continue
                (folder / "config.json").write_text(json.dumps(edited))
                want = reference(folder, case, prompts)
                if want is None and not self.args.verbose:
                    continue
                got = ours(self.args.mc, folder, work, prompts)
                if want is not None:
                    self.judge(case.name + ": " + what, want, base, got, BOUND)
                elif isinstance(got, np.ndarray):
                    self.alone.append(case.name + ": " + what)
            print("%-28s %4d edits that transformers runs" % (case.name, self.same + self.refused - before), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", default=str(make_arch.ROOT / "build" / "mc"))
    parser.add_argument("--only", default="*", help="a pattern of case names")
    parser.add_argument("--keys", default="*", help="a pattern of edits, such as 'rope_*'")
    parser.add_argument("--verbose", action="store_true", help="say which edits are refused for nothing, or run here only")
    parser.add_argument("--each", type=int, default=2, help="so many cases of each family")
    audit = Audit(parser.parse_args())
    seen = collections.Counter()
    for case in CASES:
        if case.gguf or not fnmatch.fnmatch(case.name, audit.args.only):
            continue
        seen[case.model_type] += 1
        if seen[case.model_type] <= audit.args.each:
            audit.run(case)
    sys.exit(audit.report(audit.args.verbose))


if __name__ == "__main__":
    main()
