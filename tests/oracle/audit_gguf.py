#!/usr/bin/env python3
"""Which keys and tensors of a GGUF file change a model, and does `mc` know? Each is tried, one at a time, on the tiny files
tests/golden/arch/gguf_*, against llama.cpp (llama-cpp-python).

    tests/oracle/audit_gguf.py [--mc build/mc] [--only PATTERN] [--edits PATTERN] [--verbose]

A key of the file is taken away or given other values; every key of the architecture that the format's own package names
is added; tensors without which a model is whole are taken away or added. Both run the edited file, its weights as F32.
Where llama.cpp can, `mc` must give the same states behind the final norm or refuse the file. Anything else is a
failure and ends with 1. The bound is 2e-5, or three times what the file as it was differs by where that is more:
llama.cpp's gelu is a table of half-precision numbers. With --verbose: edits refused although llama.cpp's states stay."""

import argparse
import fnmatch
import os
import pathlib
import pickle
import subprocess
import sys
import tempfile

os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # where it aborts, it would start a debugger

import gguf
import numpy as np
import safetensors.numpy

import check_llamacpp
import make_arch
from states import row_error
from verdicts import Verdicts

BOUND, SLACK = 2e-5, 3
TYPE = gguf.GGUFValueType
# Where mc goes with transformers, and llama.cpp passes over what the file says: YaRN's keys outside Ministral 3; windows of
# Phi 3, Ministral 3, StarCoder 2, and of EXAONE 4 in other than 64 blocks; OLMo 3's base for blocks that slide;
# Phi 3's longrope without its factor of cos and sin, which transformers has by a formula.
WINDOWS = ("*sliding_window*", "window *")
PASSED_OVER = {"*": ("*yarn_log_multiplier*", "*yarn_beta_*"), "olmo2": ("*freq_base_swa*", "window 3 base*"),
               **dict.fromkeys(("mistral3", "starcoder2", "exaone4"), WINDOWS), "phi3": WINDOWS + ("*attn_factor gone",)}
LETTERS = "".join(chr(c) for c in range(0x21, 0x7F))
NUMBERS = ((TYPE.UINT32, 2), (TYPE.UINT32, 8), (TYPE.FLOAT32, 0.5), (TYPE.FLOAT32, 4.0), (TYPE.BOOL, True), (TYPE.BOOL, False))
SCALING = "rope.scaling."


def read(path):
    """(architecture, {key: (type, value)}, {tensor: float32 array})"""
    reader = gguf.GGUFReader(path)
    keys = {k: (f.types, f.contents()) for k, f in reader.fields.items() if not k.startswith(("GGUF.", "tokenizer."))}
    arch = keys.pop("general.architecture")[1]
    tensors = {t.name: gguf.dequantize(np.array(t.data), t.tensor_type).reshape([int(n) for n in t.shape[::-1]]).copy()
               for t in reader.tensors}
    return arch, {k: v for k, v in keys.items() if not k.startswith("general.")}, tensors


def write(path, arch, keys, tensors):
    """With a vocabulary of single letters, so that a text can say any tokens."""
    out = gguf.GGUFWriter(path, arch)
    for key, (types, value) in keys.items():
        if types[0] == TYPE.ARRAY:
            out.add_key_value(key, value, TYPE.ARRAY, sub_type=types[1])
        else:
            out.add_key_value(key, value, types[0])
    size = tensors["token_embd.weight"].shape[0]
    out.add_tokenizer_model("gpt2")
    out.add_tokenizer_pre("gpt-2")
    letters = [LETTERS[i] if i < len(LETTERS) else "<%d>" % i for i in range(size - 1)]
    out.add_token_list(letters + [LETTERS[0] * 2])  # what the one merge makes, of a letter that no text has
    out.add_token_types([1] * size)
    out.add_token_merges(["%s %s" % (LETTERS[0], LETTERS[0])])
    out.add_add_bos_token(False)
    for name, w in tensors.items():
        out.add_tensor(name, np.ascontiguousarray(w, np.float32))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def others(types, value, layers):
    if types[0] == TYPE.ARRAY:
        flipped = [not v for v in value] if types[1] == TYPE.BOOL else [v * 2 for v in value]
        return [(types, flipped), (types, value[::-1]), (types, value[:-1]), (types, value + value[:1])]
    if types[0] == TYPE.BOOL:
        return [(types, not value)]
    if types[0] == TYPE.STRING:
        return [(types, v) for v in ("none", "linear", "yarn", "longrope")]
    if types[0] in (TYPE.FLOAT32, TYPE.FLOAT64):
        return [(types, v) for v in (value * 2, value / 4, 0.0, 1.0)]
    return ([(types, v) for v in (value + 1, value * 2, max(value // 2, 1), 0)] +
            [([TYPE.ARRAY, types[0]], [value] * layers), ([TYPE.ARRAY, types[0]], [value] * (layers - 1) + [max(value // 2, 1)])])


def with_keys(keys, arch, **more):
    kind = {str: TYPE.STRING, int: TYPE.UINT32, float: TYPE.FLOAT32, bool: TYPE.BOOL}
    return keys | {"%s.%s" % (arch, k): ([kind[type(v)]], v) for k, v in more.items()}


def scalings(arch, keys):
    """The rope stretched in each way."""
    rows = [{SCALING + "type": "linear", SCALING + "factor": 4.0}, {SCALING + "factor": 4.0}, {"rope.scale_linear": 4.0},
            {SCALING + "type": "none", SCALING + "factor": 4.0}, {SCALING + "type": "linear", SCALING + "factor": 0.0},
            {SCALING + "type": "linear", SCALING + "factor": 4.0, SCALING + "attn_factor": 1.3}, {SCALING + "attn_factor": 1.3},
            {SCALING + "type": "longrope", SCALING + "factor": 2.0}, {SCALING + "type": "yarn"}, {SCALING + "finetuned": True},
            {SCALING + "type": "ntk", SCALING + "factor": 2.0}]
    yarn = {SCALING + "type": "yarn", SCALING + "factor": 4.0, SCALING + "original_context_length": 32}
    rows += [dict(yarn, **{SCALING + k: v for k, v in more.items()}) for more in (
        {}, {"factor": 1.0}, {"factor": 0.5}, {"attn_factor": 1.3}, {"yarn_log_multiplier": 0.1}, {"yarn_log_multiplier": 1.0},
        {"yarn_ext_factor": 0.5}, {"yarn_ext_factor": 0.0}, {"yarn_attn_factor": 1.3}, {"yarn_beta_fast": 8.0},
        {"yarn_beta_slow": 2.0}, {"finetuned": True}, {"finetuned": False},
        {"original_context_length": 0}, {"original_context_length": 4096})]
    rows.append({k: v for k, v in yarn.items() if not k.endswith("length")})
    plain = {k: v for k, v in keys.items() if ".rope.scal" not in k}
    for row in rows:
        yield "rope %s" % {k.replace(SCALING, ""): v for k, v in row.items()}, with_keys(plain, arch, **row)


def key_edits(arch, keys):
    layers = keys[arch + ".block_count"][1]
    for key, (types, value) in keys.items():
        yield key + " gone", {k: v for k, v in keys.items() if k != key}
        for other in others(types, value, layers):
            yield "%s = %s" % (key, other[1]), keys | {key: other}
    names = [v for group in vars(gguf.Keys).values() if isinstance(group, type) for v in vars(group).values()
             if isinstance(v, str) and v.startswith("{arch}.")] + ["{arch}.attn_output_scale", "{arch}.hidden_act"]
    for name in names:
        key = name.format(arch=arch, dense="dense_2")
        if key not in keys:
            for kind, value in NUMBERS:
                yield "%s added = %s" % (key, value), keys | {key: ([kind], value)}
    for name in ("attention.sliding_window", "attention.sliding_window_pattern"):
        for pattern in (1, 2, 3):
            more = {"attention.sliding_window": 3, "attention.sliding_window_pattern": pattern}
            yield "window 3 pattern %d" % pattern, with_keys(keys, arch, **more)
        flags = [i % 2 == 0 for i in range(layers)]
        yield "window 3 flags", with_keys(keys, arch, **{"attention.sliding_window": 3}) | {
            arch + ".attention.sliding_window_pattern": ([TYPE.ARRAY, TYPE.BOOL], flags)}
        for base in (100.0, 20000.0):
            yield "window 3 base %g" % base, with_keys(keys, arch, **{"attention.sliding_window": 3, "rope.freq_base_swa": base})
        break
    yield from scalings(arch, keys)


def shape_of(w, rng):
    return (rng.standard_normal(w) * 0.3).astype(np.float32)


def tensor_edits(arch, keys, tensors):
    rng = np.random.default_rng(5)
    yield "no output", {k: v for k, v in tensors.items() if not k.startswith("output.")}
    embed = tensors["token_embd.weight"]
    yield "own output", tensors | {"output.weight": shape_of(embed.shape, rng)}
    yield "output.bias", tensors | {"output.bias": shape_of(embed.shape[:1], rng)}
    parts = sorted({k.split(".", 2)[2] for k in tensors if k.startswith("blk.")})
    ones = [p for p in parts if tensors.get("blk.0." + p, np.zeros((1, 1))).ndim == 1 or p.endswith("bias")]
    for part in ones:
        yield "no " + part, {k: v for k, v in tensors.items() if not k.endswith("." + part)}
        yield "no %s in the last" % part, {k: v for k, v in tensors.items() if k != "blk.%s.%s" % (keys[arch + ".block_count"][1] - 1, part)}
    for stem in sorted({p.rsplit(".", 1)[0] for p in parts}):
        if stem + ".bias" not in parts and ("blk.0.%s.weight" % stem) in tensors:
            added = {"%s.bias" % k[:-7]: shape_of(w.shape[:1], rng) for k, w in tensors.items() if k.endswith(".%s.weight" % stem)}
            yield "%s.bias added" % stem, tensors | added
    for name in ("output_norm.bias", "token_embd_norm.weight", "token_embd_norm.bias", "output_norm.weight", "position_embd.weight"):
        if name in tensors:
            yield "no " + name, {k: v for k, v in tensors.items() if k != name}
        else:
            shape = (512, embed.shape[1]) if "position" in name else embed.shape[1:]
            yield name + " added", tensors | {name: shape_of(shape, rng)}
    heads = keys[arch + ".attention.head_count"][1]
    heads = heads if isinstance(heads, int) else heads[0]
    width = keys.get(arch + ".attention.key_length", (0, embed.shape[1] // heads))[1]
    rotary = keys.get(arch + ".rope.dimension_count", (0, width))[1]
    factors = np.linspace(1, 8, rotary // 2).astype(np.float32)
    yield "rope_freqs added", tensors | {"rope_freqs.weight": factors}
    blocks = {k.split(".")[1] for k in tensors if k.startswith("blk.")}
    for i, shape in (("rope_freqs.weight", rotary // 2), ("attn_sinks.weight", heads), ("attn_q_norm.weight", width),
                     ("attn_norm_2.weight", embed.shape[1]), ("attn_norm_2.bias", embed.shape[1]), ("ffn_norm.weight", embed.shape[1]),
                     ("ffn_norm.bias", embed.shape[1]), ("attn_sub_norm.weight", heads * width), ("post_attention_norm.weight", embed.shape[1]),
                     ("post_ffw_norm.weight", embed.shape[1]), ("layer_output_scale.weight", 1), ("ffn_act.scales", 64)):
        if i not in parts:
            yield "each " + i, tensors | {"blk.%s.%s" % (b, i): shape_of((shape,), rng) + 1 for b in blocks}
    if "attn_q_norm.weight" not in parts:
        yield "q and k norms", tensors | {"blk.%s.attn_%s_norm.weight" % (b, x): shape_of((width,), rng) + 1 for b in blocks for x in "qk"}
    gone = {"%s_%s" % (a, b) for a in ("attn_q", "attn_k") for b in ("norm.weight", "norm.bias")}
    yield "no q and k norms", {k: v for k, v in tensors.items() if k.split(".", 2)[-1] not in gone}


def edits(arch, keys, tensors):
    for what, edited in key_edits(arch, keys):
        yield what, edited, tensors
    for what, edited in tensor_edits(arch, keys, tensors):
        yield what, keys, edited


def on_purpose(arch, what):
    patterns = PASSED_OVER.get(arch, ()) + (PASSED_OVER["*"] if arch != "mistral3" else ())
    return any(fnmatch.fnmatch(what, p) for p in patterns)


def theirs(path, prompts):
    """llama.cpp's states, or None; in a process of its own, which it may end."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            model = check_llamacpp.open_model(path)
            states = np.concatenate([check_llamacpp.final_states(model, ids) for ids in prompts])
            with os.fdopen(writer, "wb") as out:
                pickle.dump(states, out)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as inp:
        data = inp.read()
    os.waitpid(child, 0)
    states = pickle.loads(data) if data else None
    return states if states is not None and np.isfinite(states).all() else None


def ours(mc, path, work, prompts):
    """mc's states, or its reason for refusing."""
    texts, out = work / "texts", work / "out.safetensors"
    texts.write_text("".join("".join(LETTERS[i] for i in ids) + "\n" for ids in prompts))
    run = subprocess.run([mc, "geometry", "crm-build", path, "--texts", texts, "--pool", "all", "--layers", "all",
                          "--output", out, "--threads", "1", "--yes"], capture_output=True, text=True)
    return " ".join(run.stderr.split()) if run.returncode else safetensors.numpy.load_file(out)["final"]


class Audit(Verdicts):
    def __init__(self, args):
        super().__init__("llama.cpp")
        self.args = args

    def run(self, folder):
        arch, keys, tensors = read(folder / "model.gguf")
        size = min(tensors["token_embd.weight"].shape[0] - 1, len(LETTERS))
        rng = np.random.default_rng(3)
        prompts = [rng.integers(1, size, n).tolist() for n in (1, 7, 40)]
        with tempfile.TemporaryDirectory() as name:
            work = pathlib.Path(name)
            path = work / "model.gguf"
            write(path, arch, keys, tensors)
            base, mine = theirs(path, prompts), ours(self.args.mc, path, work, prompts)
            if base is None or not isinstance(mine, np.ndarray):
                print("%s cannot be compared: %s" % (folder.name, mine if base is not None else "llama.cpp does not run it"))
                return
            bound, before = max(BOUND, SLACK * row_error(mine, base).max()), self.same + self.refused
            unknown = set()
            for what, edited, weights in edits(arch, keys, tensors):
                key = what.split(" added")[0]
                if not fnmatch.fnmatch(what, self.args.edits) or key in unknown or on_purpose(arch, what):
                    continue
                write(path, arch, edited, weights)
                got = ours(self.args.mc, path, work, prompts)
                if isinstance(got, str) and "is not known" in got:
                    unknown.add(key)  # whatever its value
                if not isinstance(got, np.ndarray) and not self.args.verbose:
                    self.refused += 1
                    continue
                want = theirs(path, prompts)
                if want is not None:
                    self.judge(folder.name + ": " + what, want, base, got, bound)
                elif isinstance(got, np.ndarray):
                    self.alone.append(folder.name + ": " + what)
            print("%-24s %4d edits tried, bound %.1e" % (folder.name, self.same + self.refused - before, bound), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", default=str(make_arch.ROOT / "build" / "mc"))
    parser.add_argument("--only", default="*", help="a pattern of cases, such as 'gguf_phi*'")
    parser.add_argument("--edits", default="*", help="a pattern of edits, such as 'rope *'")
    parser.add_argument("--verbose", action="store_true", help="say which edits are refused for nothing, or run here only")
    audit = Audit(parser.parse_args())
    check_llamacpp.llama_cpp.llama_log_set(check_llamacpp.quiet, None)
    for folder in sorted(make_arch.GOLDEN.glob("gguf_*")):
        if fnmatch.fnmatch(folder.name, audit.args.only):
            audit.run(folder)
    sys.exit(audit.report(audit.args.verbose))


if __name__ == "__main__":
    main()
