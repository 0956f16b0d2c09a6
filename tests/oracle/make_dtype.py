#!/usr/bin/env python3
"""make_dtype.py: tests/golden/dtype/<type>.safetensors, random blocks of every stored type and what they widen to.

`stored` (U8) is the bytes of BLOCKS blocks, `values` (F32) what an independent decoder makes of them: the gguf package
for its types, numpy and torch for plain ones. Blocks whose values are not all finite are drawn again. Seed 20240607 and the name."""

import pathlib

import gguf
import numpy as np
import torch
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "dtype"
BLOCKS = 6
FP8 = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
PLAIN = {"F16": np.float16, "F64": np.float64, "F32": np.float32}


def widen(name, raw):
    if name in PLAIN:
        with np.errstate(over="ignore"):
            return raw.view(PLAIN[name]).astype(np.float32)
    if name in FP8:
        return torch.from_numpy(raw.copy()).view(FP8[name]).float().numpy()
    if name == "Q8_K":  # | d binary32 | 256 signed codes | sums of 16 codes, not needed |
        return raw[:4].view(np.float32) * raw[4:260].view(np.int8).astype(np.float32)
    return gguf.dequantize(raw, getattr(gguf.GGMLQuantizationType, name)).reshape(-1)


def blocks(name, size, rng):
    while True:
        raw = rng.integers(0, 256, size, dtype=np.uint8)
        if name == "F64":  # keep most of them inside float32's range
            raw = (rng.normal(size=size // 8) * 2.0 ** rng.integers(-160, 127, size // 8)).view(np.uint8)
        with np.errstate(all="ignore"):
            values = widen(name, raw)
        if np.isfinite(values).all():
            return raw, values


def main():
    for name in [*gguf.GGMLQuantizationType.__members__, *FP8]:
        length, size = (1, 1) if name in FP8 else gguf.GGML_QUANT_SIZES[getattr(gguf.GGMLQuantizationType, name)]
        if name in PLAIN or name in FP8 or name == "BF16":
            length, size = 32 * length, 32 * size
        rng = np.random.default_rng([20240607, *name.encode()])
        try:
            parts = [blocks(name, size, rng) for _ in range(BLOCKS)]
        except NotImplementedError:  # integer kinds, and types that only hold activations
            continue
        save_file({"stored": np.concatenate([p[0] for p in parts]), "values": np.concatenate([p[1] for p in parts])},
                  FOLDER / (name.lower() + ".safetensors"), metadata={"type": name, "gguf": "gguf package"})
        print(name, len(parts))


if __name__ == "__main__":
    main()
