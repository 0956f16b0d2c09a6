#!/usr/bin/env python3
"""Write a GGUF again with its matrices in another type.

    bench/peers/requantise_gguf.py IN.gguf OUT.gguf TYPE

F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, TQ1_0, TQ2_0 and MXFP4 are written by the gguf package; every other type by
llama.cpp's quantiser (where llama-cpp-python is installed), which mixes types as its file type of that name does
(K-quants: Q4_K_M and the like). One-dimensional tensors stay as they are.
"""

import ctypes
import os
import pathlib
import sys
import tempfile

import gguf
import numpy as np

PLAIN = ("F32", "F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "TQ1_0", "TQ2_0", "MXFP4")


def copy_keys(reader, out):
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        sub = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        out.add_key_value(key, field.contents(), field.types[0], sub)


def convert(source, target, name):
    kind = gguf.GGMLQuantizationType[name]
    block, _ = gguf.GGML_QUANT_SIZES[kind]
    reader = gguf.GGUFReader(source)
    out = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    copy_keys(reader, out)
    for t in reader.tensors:
        if len(t.shape) == 1:
            out.add_tensor(t.name, np.array(t.data), raw_dtype=t.tensor_type)
            continue
        w = gguf.dequantize(t.data, t.tensor_type).astype(np.float32)
        fits = kind if w.shape[-1] % block == 0 else gguf.GGMLQuantizationType.F16
        out.add_tensor(t.name, gguf.quantize(w, fits), raw_dtype=fits)
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


def by_llamacpp(source, target, name):
    import llama_cpp

    file_type = getattr(llama_cpp, "LLAMA_FTYPE_MOSTLY_" + name, None)
    if file_type is None:
        sys.exit("unknown type %s" % name)
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype, params.nthread, params.allow_requantize = file_type, 1, True
    with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(target))) as folder:
        wide = pathlib.Path(folder) / "wide.gguf"
        convert(source, wide, "F32")
        if llama_cpp.llama_model_quantize(str(wide).encode(), str(target).encode(), ctypes.byref(params)) != 0:
            sys.exit("llama.cpp cannot write %s" % name)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, target, name = sys.argv[1], sys.argv[2], sys.argv[3].upper()
    (convert if name in PLAIN else by_llamacpp)(source, target, name)


if __name__ == "__main__":
    main()
