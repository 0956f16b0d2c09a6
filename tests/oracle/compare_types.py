#!/usr/bin/env python3
"""Compare the demo model in every weight type with its dequantised weights, and write docs/weight-types.md's table.

    tests/oracle/compare_types.py [--mc build/mc] [--equal PROGRAM] [--gguf FILE] [--work FOLDER] [--only PATTERN] [--texts N] [--table FILE] [--float64]

FILE is the demo model (scripts/fetch-demo.sh). Its matrices are widened, then quantised by ggml (through llama-cpp-python's library) or,
for the schemes of folders, as in make_scheme.py. The result is written twice: as it is, and dequantised to float32 by
ggml's own decoders or by those of make_scheme.py. PROGRAM (weights_equal.c) widens every matrix of both as `mc` does:
they must be equal to the bit. `mc geometry crm-build` runs the quantised one with `--backend cpu` and the other with
`--backend ref`, which adds up in double: token rows may differ by a relative L2 of 1e-5, or, where the model is badly
conditioned, by twice what transformers in float32 differs from `ref`. Rows of the demo model have 576 values or 1536: types with blocks of 256 hold the matrices with 1536, the
others then have the type that llama.cpp falls back to. Exits with 1 where one of the two does not hold.

--float64 adds what a badly conditioned model needs to be believed: all are compared with transformers in float64 on the same dequantised
weights, every operation of it. A line gives the worst and the median token row of `mc` (cpu), of transformers in float32, of `ref`,
and of the float64 model again after a change of every weight by at most half a unit in float32's last place."""

import argparse
import copy
import ctypes
import fnmatch
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest.mock

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import gguf
import llama_cpp
import numpy as np
import safetensors.numpy
import safetensors.torch
import torch

import demo_model
import make_scheme
from gguf_model import unpermute
from make_arch import random_for
from states import row_error, states_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXTS = pathlib.Path(__file__).with_name("demo_texts.txt")
BOUND = 1e-5
GGML = ctypes.CDLL(str(next(pathlib.Path(llama_cpp.__file__).parent.glob("lib/libggml-base.so"))))
# number, values and bytes of a block: types that the gguf package does not list are here too
TYPES = {t.name: (int(t), *gguf.GGML_QUANT_SIZES[t]) for t in gguf.GGMLQuantizationType} | {"Q2_0": (42, 64, 18)}
QUANTS = ("F32", "F16", "BF16", "F64", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", 
          "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "TQ1_0", "TQ2_0",
          "Q1_0", "Q2_0", "MXFP4", "NVFP4")
PLAIN = {"F32": np.float32, "F16": np.float16, "F64": np.float64}
FALLBACK = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0", "Q1_0": "Q4_0"}  # for rows that do not divide; others IQ4_NL
SCHEMES = {
    **{"MLX %d-bit" % b: (make_scheme.mlx_config(b, 64), make_scheme.mlx(b, 64, random=False)) for b in (2, 3, 4, 5, 6, 8)},
    "MLX MXFP4": (make_scheme.mlx_config(4, 32, mode="mxfp4"), make_scheme.mlx(4, 32, "mxfp4", random=False)),
    "MLX MXFP8": (make_scheme.mlx_config(8, 32, mode="mxfp8"), make_scheme.mlx(8, 32, "mxfp8", random=False)),
    "MLX NVFP4": (make_scheme.mlx_config(4, 16, mode="nvfp4"), make_scheme.mlx(4, 16, "nvfp4", random=False)),
    "GPTQ 4-bit": (make_scheme.gptq_config(group=64), make_scheme.gptq(group=64)),
    "GPTQ 4-bit, ordered": (make_scheme.gptq_config(group=64, sym=False, desc_act=True),
                            make_scheme.gptq(group=64, symmetric=False, ordered=True)),
    "GPTQ 3-bit": (make_scheme.gptq_config(3, 64, sym=False), make_scheme.gptq(3, 64, symmetric=False)),
    "GPTQ 8-bit": (make_scheme.gptq_config(8, 64, sym=False), make_scheme.gptq(8, 64, symmetric=False)),
    "AWQ 4-bit": ({"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 64, "version": "gemm"}},
                  make_scheme.awq(64)),
    "FP8, 128 x 128": (make_scheme.fp8_config([128, 128]), make_scheme.fp8((128, 128))),
    "FP8, rows": (make_scheme.fp8_config(method="fbgemm_fp8"), make_scheme.fp8(rows=True, name="weight_scale")),
}


def quantise(name, w):
    """Stored bytes [rows, bytes] of a float32 matrix."""
    number, block, size = TYPES[name]
    w = np.ascontiguousarray(w, np.float32)
    if name in PLAIN:
        return w.astype(PLAIN[name]).view(np.uint8)
    if name == "BF16":
        return gguf.quantize(w, gguf.GGMLQuantizationType.BF16)
    out = np.empty((w.shape[0], w.shape[1] // block * size), np.uint8)
    weights = np.ones(w.shape[1], np.float32)  # some types ask for the importance of each column
    GGML.ggml_quantize_chunk.restype = ctypes.c_size_t
    GGML.ggml_quantize_chunk.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
                                         ctypes.c_int64, ctypes.c_void_p]
    done = GGML.ggml_quantize_chunk(number, w.ctypes.data, out.ctypes.data, 0, *w.shape, weights.ctypes.data)
    assert done == out.nbytes, name
    return out


def dequantise(name, stored):
    if name in PLAIN:
        return stored.view(PLAIN[name]).astype(np.float32)
    if name == "BF16":
        return gguf.dequantize(stored, gguf.GGMLQuantizationType.BF16)
    _, block, size = TYPES[name]
    decode = getattr(GGML, "dequantize_row_" + (name[:-1].lower() + "K" if name.endswith("_K") else name.lower()))
    decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    out = np.empty((stored.shape[0], stored.shape[1] // size * block), np.float32)
    decode(np.ascontiguousarray(stored).ctypes.data, out.ctypes.data, out.size)
    return out


def patch_types(path, numbers):
    """The gguf package does not write types that it does not know: it writes bytes (I8), then the type is put in."""
    data = bytearray(path.read_bytes())
    for name, (number, columns) in numbers.items():
        at = data.index(len(name).to_bytes(8, "little") + name.encode()) + 8 + len(name)
        assert int.from_bytes(data[at:at + 4], "little") == 2
        data[at + 4:at + 12] = columns.to_bytes(8, "little")
        data[at + 20:at + 24] = number.to_bytes(4, "little")
    path.write_bytes(data)


def writer_like(reader, path):
    out = gguf.GGUFWriter(path, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if not key.startswith("GGUF.") and key != "general.architecture":
            sub = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            out.add_key_value(key, field.contents(), field.types[0], sub)
    return out


def finish(out):
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def quantised(kind, t, kept):
    """Stored bytes of a tensor; `kept` holds those of the types that stand in for others, which come again and again."""
    key = (kind, t.name)
    if key in kept:
        return kept[key]
    stored = quantise(kind, gguf.dequantize(t.data, t.tensor_type))
    if kind in ("IQ4_NL", *FALLBACK.values()):
        kept[key] = stored
    return stored


def write_gguf(reader, name, path, wide_path, kept):
    """Two files; the dequantised matrices by name, and the share of the values that have the type itself."""
    out, wide = writer_like(reader, path), writer_like(reader, wide_path)
    values, unknown, whole, own = {}, {}, 0, 0
    for t in reader.tensors:
        if len(t.shape) == 1:
            values[t.name] = gguf.dequantize(t.data, t.tensor_type).astype(np.float32)
            out.add_tensor(t.name, values[t.name])
            wide.add_tensor(t.name, values[t.name])
            continue
        columns, size = int(t.shape[0]), int(t.n_elements)
        kind = name if columns % TYPES[name][1] == 0 else FALLBACK.get(name, "IQ4_NL")
        stored = quantised(kind, t, kept)
        values[t.name] = dequantise(kind, stored)
        wide.add_tensor(t.name, values[t.name])
        whole, own = whole + size, own + size * (kind == name)
        if kind == "Q2_0":
            unknown[t.name] = (TYPES[kind][0], columns)
            out.add_tensor(t.name, stored.view(np.int8))
        else:
            out.add_tensor(t.name, stored, raw_dtype=gguf.GGMLQuantizationType[kind])
    finish(out)
    finish(wide)
    if unknown:
        patch_types(path, unknown)
    return values, own / whole


def as_model(values, config):
    """GGUF's tensors as transformers names and orders them."""
    heads = {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads}
    out = {}
    for name, w in values.items():
        kind = name.split(".")[-2]
        out[demo_model.hf_name(name)] = torch.from_numpy(
            np.ascontiguousarray(unpermute(w, heads[kind]) if kind in heads else w))
    return out


def write_folder(base, scheme, tokens_from, folder, wide):
    """Two folders; the dequantised matrices by name, and the share of the values that have the type itself."""
    config, pack = SCHEMES[scheme]
    stored, values, whole, own = {}, {}, 0, 0
    for name, w in base.items():
        module = name.removesuffix(".weight")
        fits = w.dim() == 2 and (scheme.startswith("MLX") or "embed" not in name)
        whole += w.numel() * (w.dim() == 2)
        if not fits:
            stored[name] = values[name] = w
            continue
        own += w.numel()
        parts, dense = pack(w.numpy(), random_for(scheme, module))
        stored |= {"%s.%s" % (module, k): v.contiguous() for k, v in parts.items()}
        values[name] = torch.from_numpy(dense)
    for where, tensors, more in ((folder, stored, config), (wide, values, {})):
        shutil.rmtree(where, ignore_errors=True)
        shutil.copytree(tokens_from, where)
        path = where / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | more))
        safetensors.torch.save_file(tensors, where / "model.safetensors", metadata={"format": "pt"})
    return values, own / whole


def measure(mc, backend, model, texts, output):
    """Tensors of a CRM: every state of every token."""
    command = [mc, "geometry", "crm-build", str(model), "--texts", str(texts), "--pool", "all", "--layers", "all", "--quiet",
               "--yes", "--backend", backend, "--output", str(output)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return safetensors.numpy.load_file(output)


def equal_weights(program, path, wide):
    """Whether `mc` widens every matrix of the model to what the other decoder made of it, to the bit."""
    return subprocess.run([program, path, wide], stdout=subprocess.DEVNULL).returncode == 0


def states_in(crm):
    count = sum(k.startswith("state.") for k in crm)
    return np.stack([crm["state.%d" % k] for k in range(count)] + [crm["final"]])


def transformers_states(model, values, crm):
    model.load_state_dict(values, strict=False)
    model.tie_weights()
    cuts = crm["text_offsets"]
    return np.concatenate([states_of(model, crm["token_ids"][a:b].tolist()) for a, b in zip(cuts[:-1], cuts[1:])], axis=1)


def in_float64(model):
    """A copy in which nothing rounds to float32: transformers' own norms do. Angles of the rope stay float32, as everywhere."""
    model = copy.deepcopy(model).double()
    for module in model.modules():
        if type(module).__name__ == "LlamaRMSNorm":
            module.forward = lambda x, n=module: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + n.variance_epsilon) * n.weight
    return model


def nudged(model):
    """Every weight moved within half a unit in the last place of float32."""
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(1 + 2.0**-24 * (2 * torch.rand(p.shape, generator=random, dtype=torch.float64) - 1))
    return model


def float64_line(name, model, values, crm, ref):
    """A row of the table of docs/weight-types.md on badly conditioned types."""
    theirs = transformers_states(model, values, crm)
    softmax = torch.nn.functional.softmax
    with unittest.mock.patch("torch.nn.functional.softmax", lambda x, dim=-1, dtype=None: softmax(x, dim=dim)):
        want = transformers_states(in_float64(model), {}, crm)
        moved = transformers_states(nudged(in_float64(model)), {}, crm)
    errors = [row_error(got, want) for got in (states_in(crm), theirs, ref, moved)]
    return "| %s | %s |" % (name, " | ".join("%.1e, %.1e" % (e.max(), np.median(e)) for e in errors))


def worst_row(got, want):
    return float(np.nan_to_num(row_error(got, want), nan=np.inf).max())


def size_of(path):
    return sum(p.stat().st_size for p in path.glob("*.safetensors")) if path.is_dir() else path.stat().st_size


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", default=str(ROOT / "build" / "mc"))
    parser.add_argument("--equal", default=str(ROOT / "build" / "tests" / "weights_equal"), help="ninja weights_equal")
    parser.add_argument("--gguf", type=pathlib.Path, default=ROOT / "build" / "demo" / "SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "compare-types")
    parser.add_argument("--only", default="*", help="a pattern of type names")
    parser.add_argument("--texts", type=int, default=8, help="how many of the demo texts")
    parser.add_argument("--table", type=pathlib.Path, help="append the rows of a table to this file")
    parser.add_argument("--float64", action="store_true", help="compare with transformers in float64 too")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    texts = args.work / "texts.txt"
    texts.write_text("".join(TEXTS.read_text().splitlines(keepends=True)[:args.texts]))
    model = demo_model.load(args.gguf)
    base = {k: v.clone() for k, v in model.state_dict().items() if k != "lm_head.weight"}
    reader, kept = gguf.GGUFReader(args.gguf), {}
    plain = args.work / "plain"
    if not plain.exists():
        demo_model.export(model, demo_model_tokenizer(args.gguf), plain)
        (plain / "model.safetensors").unlink()
    good = True
    for name in (*QUANTS, *SCHEMES):
        if not fnmatch.fnmatch(name, args.only):
            continue
        begin = time.time()
        end = "" if name in SCHEMES else ".gguf"
        path, wide = args.work / ("model" + end), args.work / ("wide" + end)
        if name in SCHEMES:
            values, share = write_folder(base, name, plain, path, wide)
        else:
            values, share = write_gguf(reader, name, path, wide, kept)
            values = as_model(values, model.config)
        try:
            crm = measure(args.mc, "cpu", path, texts, args.work / "states.safetensors")
            want = states_in(measure(args.mc, "ref", wide, texts, args.work / "ref.safetensors"))
        except RuntimeError as problem:
            print("%s: %s" % (name, problem))
            good = False
            continue
        same = equal_weights(args.equal, path, wide)
        ours, theirs = worst_row(states_in(crm), want), worst_row(transformers_states(model, values, crm), want)
        holds = same and ours <= max(BOUND, 2 * theirs)
        good = good and holds
        row = "| %s | %.0f %% | %.1f | %s | %.1e | %.1e |" % (name, 100 * share, size_of(path) / 1e6, "yes" if same else "no",
                                                          ours, theirs)
        print(row, "" if holds else "DOES NOT HOLD", "%.1f s" % (time.time() - begin), flush=True)
        if args.float64:
            print(float64_line(name, model, values, crm, want), flush=True)
        if args.table:
            with args.table.open("a") as out:
                out.write(row + "\n")
    sys.exit(0 if good else 1)


def demo_model_tokenizer(path):
    from make_tokenizer_golden import of_gguf

    return of_gguf(path)


if __name__ == "__main__":
    main()
