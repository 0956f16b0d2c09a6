#!/usr/bin/env python3
"""make_dtype.py: tests/golden/dtype/<type>.safetensors, random blocks of every stored type and what they widen to.

`stored` (U8) is the bytes of BLOCKS blocks, `values` (F32) what an independent decoder makes of them: the gguf package
for its types, numpy and ml_dtypes for plain ones, numpy for the few types that the gguf package has no decoder of.
Blocks whose values are not all finite are drawn again. Where llama-cpp-python is installed, ggml's own decoders must
give the same bits. Seed 20240607."""

import ctypes
import pathlib

import gguf
import ml_dtypes
import numpy as np
from safetensors.numpy import save_file

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "golden" / "dtype"
BLOCKS = 6
PLAIN = {"F16": np.float16, "F64": np.float64, "F32": np.float32}
# Not of the gguf package: numpy's type, 32 values a block
NUMPY = {"I8": np.int8, "I16": np.int16, "I32": np.int32, "I64": np.int64, "F8_E4M3": ml_dtypes.float8_e4m3fn,
         "F8_E5M2": ml_dtypes.float8_e5m2, "F8_E8M0": ml_dtypes.float8_e8m0fnu}
# Names of ggml's decoders where they are not the type's own in lower case
GGML_NAMES = {n: n[:-1].lower() + n[-1] for n in ("Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K")}


def half(raw, at):
    return raw[:, at:at + 2].copy().view(np.float16).astype(np.float32)


def q8_1(raw):
    return half(raw, 0) * raw[:, 4:].view(np.int8).astype(np.float32)


def q8_k(raw):
    return raw[:, :4].copy().view(np.float32) * raw[:, 4:260].view(np.int8).astype(np.float32)


def q1_0(raw):
    return half(raw, 0) * (np.unpackbits(raw[:, 2:], axis=1, bitorder="little").astype(np.float32) * 2 - 1)


def q2_0(raw):
    return half(raw, 0) * ((raw[:, 2:, None] >> np.array([0, 2, 4, 6], np.uint8) & 3).astype(np.float32) - 1).reshape(-1, 64)


# Types without a decoder in the gguf package: bytes of a block, decoder
OWN = {"Q8_1": (36, q8_1), "Q8_K": (292, q8_k), "Q1_0": (18, q1_0), "Q2_0": (18, q2_0)}


def widen(name, raw):
    with np.errstate(over="ignore"):
        if name in PLAIN:
            return raw.view(PLAIN[name]).astype(np.float32)
        if name in NUMPY:
            return raw.view(NUMPY[name]).astype(np.float32)
    if name in OWN:
        return OWN[name][1](raw.reshape(-1, OWN[name][0])).reshape(-1)
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


def block_sizes():
    """Name, bytes of what is drawn at once, random numbers."""
    rng = np.random.default_rng(20240607)
    for name in gguf.GGMLQuantizationType.__members__:
        length, size = gguf.GGML_QUANT_SIZES[getattr(gguf.GGMLQuantizationType, name)]
        if name in PLAIN or name == "BF16":
            size *= 32
        if name not in NUMPY and name not in OWN:
            yield name, size, rng
    for i, name in enumerate((*NUMPY, *OWN)):
        size = OWN[name][0] if name in OWN else 8 * np.dtype(NUMPY[name]).itemsize
        yield name, size, np.random.default_rng(20240607 + 1 + i)


def ggml():
    try:
        import llama_cpp
    except ImportError:
        return None
    return ctypes.CDLL(str(next(pathlib.Path(llama_cpp.__file__).parent.glob("lib/libggml-base.so"))))


def same_in_ggml(library, name, raw, values):
    decode = getattr(library, "dequantize_row_" + GGML_NAMES.get(name, name.lower()), None) if library else None
    if not decode:
        return ""
    decode.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    got = np.empty(values.size, np.float32)
    decode(raw.ctypes.data, got.ctypes.data, got.size)
    equal = np.array_equal(got.view(np.uint32), values.view(np.uint32))
    assert equal or np.array_equal(got, values), name  # a zero's sign may differ
    return "ggml: equal bits" if equal else "ggml: equal values"


def main():
    library = ggml()
    for name, size, rng in block_sizes():
        try:
            parts = [blocks(name, size, rng) for _ in range(BLOCKS)]
        except NotImplementedError:
            raise SystemExit("%s: nothing decodes it" % name)
        raw, values = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        source = "numpy" if name in NUMPY or name in OWN else "gguf package"
        save_file({"stored": raw, "values": values}, FOLDER / (name.lower() + ".safetensors"),
                  metadata={"type": name, "gguf": source})
        print(name, len(parts), same_in_ggml(library, name, raw, values))


if __name__ == "__main__":
    main()
