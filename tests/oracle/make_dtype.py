#!/usr/bin/env python3
"""make_dtype.py: tests/golden/dtype/<type>.safetensors, random blocks of every stored type and what they widen to.

`stored` (U8) is the bytes of BLOCKS blocks, `values` (F32) what an independent decoder makes of them: the gguf package
for its types, numpy for plain ones. Blocks whose values are not all finite are drawn again. Seed 20240607."""

import pathlib

import gguf
import numpy as np
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "dtype"
BLOCKS = 6
PLAIN = {"F16": np.float16, "F64": np.float64, "F32": np.float32}


def widen(name, raw):
    if name in PLAIN:
        with np.errstate(over="ignore"):
            return raw.view(PLAIN[name]).astype(np.float32)
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
    rng = np.random.default_rng(20240607)
    for name in gguf.GGMLQuantizationType.__members__:
        length, size = gguf.GGML_QUANT_SIZES[getattr(gguf.GGMLQuantizationType, name)]
        if name in PLAIN or name == "BF16":
            length, size = 32 * length, 32 * size
        try:
            parts = [blocks(name, size, rng) for _ in range(BLOCKS)]
        except NotImplementedError:  # integer kinds, and types that only hold activations
            continue
        save_file({"stored": np.concatenate([p[0] for p in parts]), "values": np.concatenate([p[1] for p in parts])},
                  FOLDER / (name.lower() + ".safetensors"), metadata={"type": name, "gguf": "gguf package"})
        print(name, len(parts))


if __name__ == "__main__":
    main()
