#!/usr/bin/env python3
"""Make the seeded tiny models of tests/golden/arch and their hidden states, from the table in arch_cases.py.

    tests/oracle/make_arch.py [--only PATTERN] [--check]

Each case becomes a folder: config.json and model.safetensors (or shards with an index, or model.gguf), and
golden.safetensors with `token_ids` I32 [tokens], `text_offsets` I64 [texts + 1], `state.0`..`state.L` and `final`
F32 [tokens, hidden] as transformers computes them in float32 with eager attention, from the model as reloaded from the
written folder, one prompt at a time. tests/golden/arch/knockouts.json lists, for each case, edits of the folder that
switch one rule off, and how far (relative L2 of the worst row) that moves the states.

--check makes nothing: it reloads each folder and compares the stored states with what transformers gives now.
"""

import argparse
import copy
import fnmatch
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
import tempfile

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch
import transformers

import layouts
from arch_cases import CASES
from states import row_error, states_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "arch"
SEED = 20260
MOVED = 1e-3  # a rule counts as tested when its absence moves some row this far: 100 times the tolerance
STEADY = 2.5e-6  # and a case as well conditioned when float64 stays this near to float32
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64}
SIZES = dict(vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, bos_token_id=1, eos_token_id=2, pad_token_id=None)

torch.set_num_threads(1)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()


def random_for(*key):
    digest = hashlib.sha256("/".join([str(SEED), *key]).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "little"))


def fill(model, case):
    """Weights under which every rule shows: unit-gain matrices, norms around their neutral value, real biases."""
    owner = {}
    for m in model.modules():  # the first owner counts: a tied head is an embedding
        for p in m.parameters(recurse=False):
            owner.setdefault(id(p), type(m).__name__.lower())
    for name, p in model.named_parameters():
        draw = torch.from_numpy(random_for(case.name, name).standard_normal(tuple(p.shape)).astype(np.float32))
        kind = owner[id(p)]
        if "norm" in kind:
            p.data = p.data.float() + 0.2 * draw
        elif "embedding" in kind:
            p.data = case.embed * draw
        elif name.endswith("bias"):
            p.data = 0.3 * draw
        elif p.dim() >= 2:
            fan_in = p.shape[0] if "conv1d" in kind else p.shape[-1]
            p.data = case.gain / fan_in**0.5 * draw
        else:
            p.data = p.data.float() + 0.3 * draw
        p.data *= next((factor for pattern, factor in case.scale.items() if fnmatch.fnmatch(name, pattern)), 1.0)
    for name, b in model.named_buffers():
        if name.endswith("layer_scalar"):
            b.data = 1.0 + 0.2 * torch.from_numpy(random_for(case.name, name).standard_normal(tuple(b.shape)).astype(np.float32))
    model.tie_weights()


def config_class(case):
    return transformers.models.auto.configuration_auto.CONFIG_MAPPING[case.model_type]


def config_of(case):
    family = config_class(case)
    known = set(family().to_dict()) | set(getattr(family, "attribute_map", {}))
    keys = {k: v for k, v in SIZES.items() if k in known}
    for k in case.drop:
        keys.pop(k, None)
    return family(**(keys | case.keys), attn_implementation=case.attention)


def published_rope(config, rope, nested=False):
    """The older spelling of plain rope parameters; families that had their own words keep them."""
    rope = dict(rope)
    theta, share = rope.pop("rope_theta", None), rope.pop("partial_rotary_factor", None)
    kind = rope.pop("rope_type", "default")
    if config["model_type"] == "gpt_neox":
        config.update(rotary_emb_base=theta, rotary_pct=share)
    else:
        config["rope_theta"] = theta
        if share is not None:
            config["partial_rotary_factor"] = share
    if "original_max_position_embeddings" in config:  # phi3 has it at the top
        rope.pop("original_max_position_embeddings", None)
    # the older files say "type", the newer ones "rope_type"
    word = "type" if kind in ("linear", "dynamic", "longrope") and not nested else "rope_type"
    config["rope_scaling"] = None if kind == "default" else {word: kind, **rope}


def published(config):
    """config.json in the dialect of most published files: rope_theta and rope_scaling at the top."""
    config["torch_dtype"] = config.pop("dtype", None) or "float32"
    rope = config.pop("rope_parameters", None)
    if rope and "full_attention" in rope:  # parameters for each type of layer
        local = rope.get("sliding_attention") or {}
        published_rope(config, rope["full_attention"], nested=True)
        if config["model_type"].startswith("gemma3"):
            config["rope_local_base_freq"] = local["rope_theta"]
    elif rope:
        published_rope(config, rope)
    return config


def write_config(folder, case):
    path = folder / "config.json"
    config = json.loads(path.read_text())
    names = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float64"}
    config["dtype"] = names[case.store]
    for noise in ("attn_implementation", "_attn_implementation", "task_specific_params", "id2label", "label2id"):
        config.pop(noise, None)
    if case.dialect == "published":
        config = published(config)
        config["transformers_version"] = "4.46.0"
    if case.sparse:
        usual = config_class(case)().to_dict()
        derived = {"layer_types", "head_dim"} - set(case.keys)
        config = {k: v for k, v in config.items() if k == "model_type" or (usual.get(k, 0) != v and k not in derived)}
    config.update(case.put)
    config = {k: v for k, v in config.items() if k not in case.omit}
    path.write_text(json.dumps(config, indent=1, sort_keys=True) + "\n")


def write_model(folder, model, case):
    model = copy.deepcopy(model).to(DTYPES[case.store])
    size = "10GB"
    if case.shards > 1:
        size = sum(p.numel() * p.element_size() for p in model.parameters()) // case.shards + 4096
    model.save_pretrained(folder, max_shard_size=size)
    for extra in folder.glob("generation_config.json"):
        extra.unlink()
    if case.rename:
        rename(folder / "model.safetensors", case.rename)
    found = len(list(folder.glob("*.safetensors")))
    if found != case.shards:
        sys.exit("%s: %d shards instead of %d" % (case.name, found, case.shards))
    write_config(folder, case)
    if case.layout:
        layouts.apply(folder, case.layout)


def rename(path, pairs):
    """The tensors' names as published, where transformers writes others."""
    def published_name(name):
        for old, new in pairs:
            name = re.sub(old, new, name)
        return name

    tensors = {published_name(k): v for k, v in safetensors.torch.load_file(path).items()}
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})


def load(folder, layout="", attention="eager"):
    if layout:
        with tempfile.TemporaryDirectory() as name:
            plain = pathlib.Path(name) / "model"
            shutil.copytree(folder, plain)
            layouts.undo(plain, layout)
            return load(plain, attention=attention)
    auto = transformers.AutoModelForCausalLM
    return auto.from_pretrained(folder, dtype=torch.float32, attn_implementation=attention).eval()


def prompts_of(case, vocab):
    rng = random_for(case.name, "prompts")
    return [rng.integers(3, vocab, n).tolist() for n in case.lengths]


def states_of_all(make_model, prompts):
    # A fresh model for each prompt: dynamic and long rope remember the longest prompt that they have seen.
    return np.concatenate([states_of(make_model(), ids) for ids in prompts], axis=1)


def save_golden(folder, prompts, states):
    tensors = {
        "token_ids": np.array([i for ids in prompts for i in ids], np.int32),
        "text_offsets": np.cumsum([0] + [len(ids) for ids in prompts]).astype(np.int64),
    }
    for k in range(states.shape[0] - 1):
        tensors["state.%d" % k] = np.ascontiguousarray(states[k])
    tensors["final"] = np.ascontiguousarray(states[-1])
    meta = {"script": "tests/oracle/make_arch.py", "seed": str(SEED), "numpy": np.__version__,
            "torch": torch.__version__.split("+")[0], "transformers": transformers.__version__}
    # one entry of metadata only: their order in the file is not fixed, and the same run shall give the same bytes
    safetensors.numpy.save_file(tensors, folder / "golden.safetensors", metadata={"golden": json.dumps(meta)})


def merge(into, patch):
    for k, v in patch.items():
        if isinstance(v, dict) and isinstance(into.get(k), dict):
            merge(into[k], v)
        else:
            into[k] = v
    return into


def edit_tensors(folder, edit):
    for path in folder.glob("*.safetensors"):
        tensors = safetensors.torch.load_file(path)
        for word, value in (("zero", 0.0), ("one", 1.0)):
            hits = [n for n in tensors if any(fnmatch.fnmatch(n, g) for g in edit.get(word, []))]
            for n in hits:
                tensors[n] = torch.full_like(tensors[n], value)
        safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})


def knock_out(folder, edit, case, prompts, states):
    """How far the states move when the folder is edited so that one rule is off."""
    with tempfile.TemporaryDirectory() as name:
        copy_ = pathlib.Path(name) / "model"
        shutil.copytree(folder, copy_)
        (copy_ / "golden.safetensors").unlink(missing_ok=True)
        path = copy_ / "config.json"
        path.write_text(json.dumps(merge(json.loads(path.read_text()), edit.get("config", {}))))
        edit_tensors(copy_, edit)
        moved = states_of_all(lambda: load(copy_, case.layout, case.attention), prompts)
    return float(row_error(moved, states).max())


def knock_outs(folder, case, prompts, states):
    out = {}
    for rule, edit in case.knock.items():
        moved = knock_out(folder, edit, case, prompts, states)
        if not moved >= MOVED:
            print("  %s: '%s' moves the states by %.1e only" % (case.name, rule, moved))
        out[rule] = dict(edit, moved=float("%.2g" % moved))
    return out


def folder_size(folder):
    return sum(p.stat().st_size for p in folder.iterdir())


def make(case):
    folder = GOLDEN / case.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(SEED)
    model = transformers.AutoModelForCausalLM.from_config(config_of(case)).float().eval()
    fill(model, case)
    prompts = prompts_of(case, model.config.get_text_config().vocab_size)
    if case.gguf:
        import gguf_model

        model.config.model_type = case.layout or case.model_type  # which family's file it becomes
        model = gguf_model.write(folder / "model.gguf", model, case)
        again = lambda: gguf_model.load(folder / "model.gguf")
        if model.config.model_type != "llama":  # transformers' loader knows few families: llama.cpp is the second opinion
            again = lambda: copy.deepcopy(model)
    else:
        write_model(folder, model, case)
        for p in model.state_dict().values():  # not model.to(): that would round the rope's frequencies too
            p.copy_(p.to(DTYPES[case.store]).float())
        again = lambda: load(folder, case.layout, case.attention)
    states = states_of_all(again, prompts)
    # The written folder must mean what the model in memory means, and float32 must be good enough to speak of 1e-5.
    if case.gguf and model.config.model_type != "llama":
        off, limit = gguf_model.disagreement(model, prompts, states)
        if not off <= limit:
            raise ValueError("llama.cpp is off by %.1e" % off)
    same = row_error(states_of_all(lambda: copy.deepcopy(model), prompts), states).max()
    steady = row_error(states_of_all(lambda: again().double(), prompts), states).max()
    save_golden(folder, prompts, states)
    knocks = knock_outs(folder, case, prompts, states)
    least = min([k["moved"] for k in knocks.values()], default=float("nan"))
    print("%-28s %6.1f KB  reload %.1e  float64 %.1e  least knock-out %.1e" %
          (case.name, folder_size(folder) / 1e3, same, steady, least), flush=True)
    if same > 2e-6 or steady > STEADY or not np.isfinite(states).all() or (knocks and not least >= MOVED):
        raise ValueError("not a case to trust")
    return knocks


def check(case):
    folder = GOLDEN / case.name
    golden = safetensors.numpy.load_file(folder / "golden.safetensors")
    cuts = golden["text_offsets"]
    prompts = [golden["token_ids"][a:b].tolist() for a, b in zip(cuts[:-1], cuts[1:])]
    if case.gguf:
        import gguf_model

        states = states_of_all(lambda: gguf_model.load(folder / "model.gguf"), prompts)
    else:
        states = states_of_all(lambda: load(folder, case.layout, case.attention), prompts)
    names = ["state.%d" % k for k in range(states.shape[0] - 1)] + ["final"]
    worst = max(row_error(states[i], golden[n]).max() for i, n in enumerate(names))
    print("%-28s worst row %.1e" % (case.name, worst), flush=True)
    return worst <= 1e-6


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="*", help="a pattern of case names")
    parser.add_argument("--check", action="store_true", help="compare with what is stored, make nothing")
    args = parser.parse_args()
    chosen = [c for c in CASES if fnmatch.fnmatch(c.name, args.only)]
    if args.check:
        sys.exit(0 if all([check(c) for c in chosen]) else 1)
    GOLDEN.mkdir(parents=True, exist_ok=True)
    path = GOLDEN / "knockouts.json"
    knocks = json.loads(path.read_text()) if path.exists() else {}
    failed = []
    for c in chosen:
        try:
            knocks[c.name] = make(c)
        except (Exception, SystemExit) as problem:  # go on: one run shows every row that is wrong
            failed.append(c.name)
            print("%s: %s: %s" % (c.name, type(problem).__name__, str(problem)[:500]))
    knocks = {c.name: knocks[c.name] for c in CASES if knocks.get(c.name)}
    path.write_text(json.dumps(knocks, indent=1) + "\n")
    print("%.2f MB in all" % (sum(p.stat().st_size for p in GOLDEN.rglob("*") if p.is_file()) / 1e6))
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main()
