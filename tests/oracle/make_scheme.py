#!/usr/bin/env python3
"""make_scheme.py: tests/golden/scheme, tiny models whose weights several tensors make up together.

    tests/oracle/make_scheme.py [--only PATTERN]

A case is a folder as its scheme's own tools write it (names, packing, config.json) and golden.safetensors: the states
that transformers computes in float32 from the dequantised weights (see make_arch.py), and `weight.<module>` F32 of some
modules, which must be met to the bit. MLX's weights are made and decoded by mlx itself; GPTQ's, AWQ's and FP8's by
the few lines of numpy below, from the formats' definitions."""

import argparse
import fnmatch
import json
import pathlib
import shutil

import gguf
import ml_dtypes
import mlx.core as mx
import numpy as np
import safetensors.torch
import torch
import transformers

import make_arch
from arch_cases import Case

GOLDEN = make_arch.ROOT / "tests" / "golden" / "scheme"
SIZES = dict(vocab_size=64, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, tie_word_embeddings=True)
TORCH = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
SHOWN = {"mlx_mixed": "*layers.1.mlp.down_proj", "fp8_128": "*layers.1.mlp.down_proj", "awq_mixed": "*layers.1.mlp.up_proj",
         "mlx_4bit": "*embed_tokens"}  # module whose weights are stored too; usually layers.0.self_attn.q_proj


# Each of these takes a float32 matrix [out, in] and a generator of random numbers, and gives ({suffix: tensor}, values)

def to_torch(array):
    return torch.from_numpy(np.array(array.astype(mx.float32))).to(
        torch.bfloat16 if array.dtype == mx.bfloat16 else torch.float16) if array.dtype in (mx.bfloat16, mx.float16) \
        else torch.from_numpy(np.array(array))


def mlx(bits=None, group=None, mode="affine", scales=mx.bfloat16, random=True):
    def pack(w, rng):
        matrix = mx.array(w).astype(scales) if mode == "affine" else mx.array(w)
        parts = mx.quantize(matrix, group_size=group, bits=bits, mode=mode)
        codes = parts[0]
        if random and mode != "mxfp8":  # codes that rounding does not give too; random bytes of mxfp8 could be NaN
            words = mx.array(rng.integers(0, 1 << 32, codes.shape, dtype=np.uint64).astype(np.uint32))
            codes = mx.array(np.where(rng.random(codes.shape) < 0.25, np.array(words), np.array(codes)))
        wide = [p.astype(mx.float32) if p.dtype == mx.bfloat16 or p.dtype == mx.float16 else p for p in parts[1:]]
        values = mx.dequantize(codes, *wide, group_size=group, bits=bits, mode=mode, dtype=mx.float32)
        names = ("scales", "biases")
        return {"weight": to_torch(codes), **{n: to_torch(p) for n, p in zip(names, parts[1:])}}, np.array(values)
    return pack


def stream(codes, bits):
    """Codes along the last axis as a little-endian bit stream in words of 32 bits."""
    planes = (codes[..., None] >> np.arange(bits)) & 1
    flat = planes.reshape(*codes.shape[:-1], -1).astype(np.uint8)
    return np.ascontiguousarray(np.packbits(flat, axis=-1, bitorder="little")).view("<u4").view(np.int32)


def rounded(w, bits, groups, symmetric):
    """Codes, scales [groups, out] in half precision and zero points of a matrix [out, in]; groups: of each input."""
    count, most = groups.max() + 1, 2**bits - 1
    scales, zeros = np.empty((count, w.shape[0]), np.float16), np.empty((count, w.shape[0]), np.int64)
    for g in range(count):
        part = w[:, groups == g]
        low, high = np.minimum(part.min(1), 0), np.maximum(part.max(1), 0)
        low[0] = 0  # zero point 0, which version 1 of GPTQ stores as -1
        if symmetric:
            high = np.maximum(-low, high)
            low = -high
        scales[g] = np.maximum((high - low) / most, 1e-4)
        zeros[g] = (most + 1) // 2 if symmetric else np.clip(np.rint(-low / scales[g]), 0, most)
    codes = np.clip(np.rint(w.T / scales[groups].astype(np.float32)) + zeros[groups], 0, most).astype(np.int64)
    return codes, scales, zeros  # codes [in, out]


def affine(codes, scales, zeros, groups):
    return (scales[groups].astype(np.float32) * (codes - zeros[groups]).astype(np.float32)).T.copy()


def gptq(bits=4, group=32, symmetric=True, ordered=False, version=1, g_idx=True, bias=False):
    def pack(w, rng):
        groups = np.arange(w.shape[1]) // (group if group > 0 else w.shape[1])
        if ordered:
            groups = groups[rng.permutation(w.shape[1])]
        codes, scales, zeros = rounded(w, bits, groups, symmetric)
        parts = {"qweight": stream(codes.T, bits).T.copy(), "qzeros": stream(zeros - (version == 1), bits),
                 "scales": scales}
        if g_idx or ordered:
            parts["g_idx"] = groups.astype(np.int32)
        if bias:
            parts["bias"] = np.zeros(w.shape[0], np.float16)
        return {k: torch.from_numpy(v) for k, v in parts.items()}, affine(codes, scales, zeros, groups)
    return pack


def awq(group=32):
    order = np.array([0, 2, 4, 6, 1, 3, 5, 7])

    def words(codes):  # eight neighbouring columns in a word
        return stream(codes.reshape(codes.shape[0], -1, 8)[:, :, order].reshape(codes.shape), 4)

    def pack(w, rng):
        groups = np.arange(w.shape[1]) // group
        codes, scales, zeros = rounded(w, 4, groups, False)
        parts = {"qweight": words(codes), "qzeros": words(zeros), "scales": scales}
        return {k: torch.from_numpy(v) for k, v in parts.items()}, affine(codes, scales, zeros, groups)
    return pack


def fp8(block=None, rows=False, name="weight_scale_inv", extra=()):
    def pack(w, rng):
        high, wide = (block or ((1, w.shape[1]) if rows else w.shape))
        grid = (-(-w.shape[0] // high), -(-w.shape[1] // wide))
        scales = np.empty(grid, np.float32)
        for i in range(grid[0]):
            for j in range(grid[1]):
                scales[i, j] = np.abs(w[i * high:(i + 1) * high, j * wide:(j + 1) * wide]).max() / 448
        each = np.repeat(np.repeat(scales, high, 0), wide, 1)[:w.shape[0], :w.shape[1]]
        codes = (w / each).astype(ml_dtypes.float8_e4m3fn)
        stored = torch.from_numpy(codes.view(np.uint8)).view(torch.float8_e4m3fn)
        scale = torch.from_numpy(scales if block or rows else scales.reshape(()))
        return {"weight": stored, name: scale, **{n: torch.tensor(0.5) for n in extra}}, codes.astype(np.float32) * each
    return pack


def fp8_plain(kind):
    def pack(w, rng):
        stored = torch.from_numpy(w).to(kind)
        return {"weight": stored}, stored.float().numpy()
    return pack


# Cases: name, model type, what config.json says, [(pattern of modules, how)]; the first pattern that fits counts

LINEAR, EMBED, ATTENTION = "*_proj", "*embed_tokens", "*self_attn.*"
CASES = {}


def case(name, config, *rules, model="llama", **keys):
    CASES[name] = (config, rules, model, keys)


def mlx_config(bits, group, **more):
    return {"quantization": {"group_size": group, "bits": bits, **more}}


case("mlx_4bit", mlx_config(4, 64), (LINEAR, mlx(4, 64)), (EMBED, mlx(4, 64)))
case("mlx_8bit_f16", mlx_config(8, 32), (LINEAR, mlx(8, 32, scales=mx.float16)))
case("mlx_mixed",
     mlx_config(4, 64, **{
         "model.layers.0.self_attn.q_proj": {"group_size": 64, "bits": 2},
         "model.layers.0.self_attn.k_proj": {"group_size": 32, "bits": 3},
         "model.layers.0.self_attn.v_proj": {"group_size": 32, "bits": 5, "mode": "affine"},
         "model.layers.0.self_attn.o_proj": {"group_size": 64, "bits": 6},
         "model.layers.0.mlp.gate_proj": {"bits": 8},  # the group size of the mode, not that of the model
         "model.layers.0.mlp.up_proj": {"group_size": 32, "mode": "mxfp4"},
         "model.layers.1.mlp.down_proj": {"group_size": 128, "bits": 3},
         "model.layers.1.mlp.up_proj": True, "model.layers.1.mlp.gate_proj": False, "model.embed_tokens": False}),
     ("*0.self_attn.q_proj", mlx(2, 64)), ("*0.self_attn.k_proj", mlx(3, 32)), ("*0.self_attn.v_proj", mlx(5, 32)),
     ("*0.self_attn.o_proj", mlx(6, 64)), ("*0.mlp.gate_proj", mlx(8, 64)), ("*0.mlp.up_proj", mlx(4, 32, "mxfp4")),
     ("*1.mlp.down_proj", mlx(3, 128)), ("*1.mlp.gate_proj", None), (LINEAR, mlx(4, 64, scales=mx.float32)))
case("mlx_mxfp4", mlx_config(4, 32, mode="mxfp4"), (LINEAR, mlx(4, 32, "mxfp4")), (EMBED, mlx(4, 32, "mxfp4")))
case("mlx_mxfp8", mlx_config(8, 32, mode="mxfp8"), (LINEAR, mlx(8, 32, "mxfp8")), (EMBED, mlx(8, 32, "mxfp8")))
case("mlx_nvfp4", mlx_config(4, 16, mode="nvfp4"), (LINEAR, mlx(4, 16, "nvfp4")), (EMBED, mlx(4, 16, "nvfp4")))


def gptq_config(bits=4, group=32, **more):
    return {"quantization_config": {"quant_method": "gptq", "bits": bits, "group_size": group, "sym": True,
                                    "desc_act": False, "true_sequential": True, **more}}


case("gptq_sym", gptq_config(), (LINEAR, gptq()))
case("gptq_order", gptq_config(sym=False, desc_act=True, checkpoint_format="gptq"),
     (LINEAR, gptq(symmetric=False, ordered=True)))
case("gptq_bias", gptq_config(group=64, dynamic={"-:.*down_proj": {}}), ("*down_proj", None),
     (LINEAR, gptq(group=64, g_idx=False, bias=True)))
case("gptq_v2", gptq_config(sym=False, checkpoint_format="gptq_v2"), (LINEAR, gptq(symmetric=False, version=2)))
case("gptq_rows", gptq_config(group=-1, sym=False), (LINEAR, gptq(group=-1, symmetric=False)))
case("gptq_2bit", gptq_config(2, sym=False), (LINEAR, gptq(2, symmetric=False)))
case("gptq_3bit", gptq_config(3, sym=False, desc_act=True), (LINEAR, gptq(3, symmetric=False, ordered=True)))
case("gptq_8bit", gptq_config(8, sym=False), (LINEAR, gptq(8, symmetric=False)))
case("awq", {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 32, "zero_point": True,
                                     "version": "gemm", "modules_to_not_convert": None}}, (LINEAR, awq()))
case("awq_mixed", {"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 64, "version": "GEMM",
                                           "backend": "autoawq", "modules_to_not_convert": ["self_attn"]}},
     (ATTENTION, None), (LINEAR, awq(64)))


def fp8_config(block=None, method="fp8", **more):
    return {"quantization_config": {"quant_method": method, "activation_scheme": "dynamic", "weight_block_size": block,
                                    **more}}


case("fp8_blocks", fp8_config([48, 40]), (LINEAR, fp8((48, 40))))
case("fp8_128", fp8_config([128, 128], fmt="e4m3"), ("*down_proj", fp8((128, 128))), ("*up_proj", fp8((128, 128))),
     ("*gate_proj", fp8((128, 128))), intermediate_size=160)
case("fp8_tensor", fp8_config(activation_scheme="static"), (LINEAR, fp8(extra=("activation_scale",))))
case("fp8_rows", fp8_config(method="fbgemm_fp8"), (LINEAR, fp8(rows=True, name="weight_scale")))
case("fp8_plain", {}, (ATTENTION, fp8_plain(torch.float8_e4m3fn)), (LINEAR, fp8_plain(torch.float8_e5m2)))


def how_of(rules, module):
    return next((how for pattern, how in rules if fnmatch.fnmatch(module, pattern)), None)


def make(name):
    config, rules, family, keys = CASES[name]
    row = Case(name, family, SIZES | keys, dialect="v5", lengths=(1, 3, 18), embed=0.5)
    folder = GOLDEN / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    torch.manual_seed(make_arch.SEED)
    model = transformers.AutoModelForCausalLM.from_config(make_arch.config_of(row)).float().eval()
    make_arch.fill(model, row)
    state, stored, shown = model.state_dict(), {}, {}
    for key, value in state.items():
        module, suffix = key.rsplit(".", 1)
        how = how_of(rules, module) if suffix == "weight" and value.dim() == 2 else None
        if key == "lm_head.weight":
            continue  # tied
        if not how:
            half = value.bfloat16()
            stored[key] = half
            value.copy_(half.float())
            continue
        parts, values = how(value.numpy().copy(), make_arch.random_for(name, module))
        stored |= {"%s.%s" % (module, k): v.contiguous() for k, v in parts.items()}
        value.copy_(torch.from_numpy(values))
        if fnmatch.fnmatch(module, SHOWN.get(name, "*layers.0.self_attn.q_proj")):
            shown["weight." + module] = np.ascontiguousarray(values)
    model.tie_weights()
    model.config.save_pretrained(folder)
    path = folder / "config.json"
    written = json.loads(path.read_text()) | config
    written = {k: v for k, v in written.items() if not k.startswith("_")}
    path.write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    safetensors.torch.save_file(stored, folder / "model.safetensors", metadata={"format": "pt"})
    prompts = make_arch.prompts_of(row, SIZES["vocab_size"])
    states = make_arch.states_of_all(lambda: model, prompts)
    make_arch.save_golden(folder, prompts, states)
    golden = folder / "golden.safetensors"
    tensors = safetensors.numpy.load_file(golden) | shown
    meta = json.dumps({"script": "tests/oracle/make_scheme.py", "mlx": mx.__version__})
    safetensors.numpy.save_file(tensors, golden, metadata={"golden": meta})
    print("%-14s %6.1f KB" % (name, make_arch.folder_size(folder) / 1e3), flush=True)
    if not np.isfinite(states).all():
        raise SystemExit("%s: states are not finite" % name)


def make_gguf():
    """NVFP4 blocks with a scale for the tensor, and one for each row, in tests/golden/gguf/nvfp4_scaled.gguf."""
    path = GOLDEN.parent / "gguf" / "nvfp4_scaled.gguf"
    path.parent.mkdir(exist_ok=True)
    writer, rng = gguf.GGUFWriter(path, "llama"), make_arch.random_for("nvfp4_scaled")
    kind = gguf.GGMLQuantizationType.NVFP4
    for name, scale in (("attn_q", rng.random(1)), ("attn_k", rng.random(8))):
        stored = rng.integers(0, 256, (8, 2, 36), dtype=np.uint8)
        stored[:, :, :4] &= 63  # scales of blocks: never NaN
        stored = stored.reshape(8, 72)
        scale = scale.astype(np.float32)
        values = gguf.dequantize(stored, kind) * (scale[:, None] if len(scale) > 1 else scale)
        writer.add_tensor("blk.0.%s.weight" % name, stored, raw_dtype=kind)
        writer.add_tensor("blk.0.%s.scale" % name, scale)
        writer.add_tensor("weight.blk.0." + name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="*", help="a pattern of case names")
    args = parser.parse_args()
    for name in CASES:
        if fnmatch.fnmatch(name, args.only):
            make(name)
    make_gguf()


if __name__ == "__main__":
    main()
