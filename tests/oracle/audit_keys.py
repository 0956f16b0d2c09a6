#!/usr/bin/env python3
"""Which keys of config.json change a model, and does `mc` know? Every key of transformers' own configuration classes is
tried, one at a time, on the seeded tiny models of tests/golden/arch.

    tests/oracle/audit_keys.py [--mc build/mc] [--only PATTERN] [--keys PATTERN] [--each N] [--verbose]

A key is given other values: a flag is turned, a number changed, a name replaced, an entry of a list altered; keys that
the file does not have are added. transformers runs the edited folder. Where it can, `mc` must give the same states
(relative L2 of every token row <= 1e-5) or refuse the folder. Anything else is a failure and ends with 1. Keys that
`mc` refuses although transformers' states stay as they were are listed at the end: they are refused for nothing."""

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
from states import row_error

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


def edits(config, case):
    """Edited configurations: {what: config}"""
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
        states = make_arch.states_of_all(lambda: make_arch.load(folder, "", attention), prompts)
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


class Audit:
    def __init__(self, args):
        self.args, self.failed, self.needless, self.same, self.refused = args, [], [], 0, 0

    def judge(self, what, want, base, got):
        moved = want.shape != base.shape or row_error(want, base).max() > 1e-6
        if not isinstance(got, np.ndarray):
            self.refused += 1
            if not moved:
                self.needless.append((what, got))
            return
        off = row_error(got, want).max() if got.shape == want.shape else float("inf")
        self.same += 1
        if not off <= BOUND:
            self.failed.append((what, off))
            print("  %-60s off by %.1e (transformers moved: %s)" % (what, off, moved), flush=True)

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
            write_tokenizer(folder, config["vocab_size"])
            base = reference(folder, case, prompts)
            before = self.same + self.refused
            for what, edited in edits(config, case):
                if not fnmatch.fnmatch(what, self.args.keys):
                    continue
                (folder / "config.json").write_text(json.dumps(edited))
                want = reference(folder, case, prompts)
                if want is None:
                    continue
                self.judge(case.name + ": " + what, want, base, ours(self.args.mc, folder, work, prompts))
            print("%-28s %4d edits that transformers runs" % (case.name, self.same + self.refused - before), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", default=str(make_arch.ROOT / "build" / "mc"))
    parser.add_argument("--only", default="*", help="a pattern of case names")
    parser.add_argument("--keys", default="*", help="a pattern of edits, such as 'rope_*'")
    parser.add_argument("--verbose", action="store_true", help="say which edits are refused for nothing")
    parser.add_argument("--each", type=int, default=2, help="so many cases of each family")
    audit = Audit(parser.parse_args())
    seen = collections.Counter()
    for case in CASES:
        if case.gguf or case.layout or not fnmatch.fnmatch(case.name, audit.args.only):
            continue
        seen[case.model_type] += 1
        if seen[case.model_type] <= audit.args.each:
            audit.run(case)
    print("%d edits give transformers' states, %d are refused, %d of these for nothing, %d are wrong" %
          (audit.same - len(audit.failed), audit.refused, len(audit.needless), len(audit.failed)))
    for what, reason in audit.needless if audit.args.verbose else []:
        print("  refused: %s: %s" % (what, reason))
    sys.exit(1 if audit.failed else 0)


if __name__ == "__main__":
    main()
