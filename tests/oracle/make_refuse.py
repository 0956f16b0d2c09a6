#!/usr/bin/env python3
"""make_refuse.py: tests/refuse/, one tiny broken model for each way to be broken.

The end of a name is the status that opening it must give: `tensor_past_end(truncated).gguf`. Files are written byte by
byte, with no reader or writer of the formats in between."""

import json
import pathlib
import shutil
import struct

ROOT = pathlib.Path(__file__).resolve().parent.parent / "refuse"


def put(name, data):
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


# GGUF

def u32(n):
    return struct.pack("<I", n)


def u64(n):
    return struct.pack("<Q", n)


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return u64(len(s)) + s


def key(name, kind, value):
    return text(name) + u32(kind) + value


def tensor(name, dims, kind=0, at=0):
    return text(name) + u32(len(dims)) + b"".join(u64(d) for d in dims) + u32(kind) + u64(at)


ARCH = key("general.architecture", 8, text("llama"))


def gguf(keys=(ARCH,), tensors=(tensor("a", [4]),), data=bytes(16), version=3, counts=None, magic=b"GGUF", align=32):
    n_tensors, n_keys = counts or (len(tensors), len(keys))
    head = magic + u32(version) + u64(n_tensors) + u64(n_keys) + b"".join(keys) + b"".join(tensors)
    return head + bytes(-len(head) % align) + data


def ggufs():
    huge = 1 << 62
    yield "empty(truncated)", b""
    yield "magic_only(truncated)", b"GGUF"
    yield "wrong_magic(corrupt)", gguf(magic=b"GGML")
    yield "version_1(unsupported)", gguf(version=1)
    yield "version_9(unsupported)", gguf(version=9)
    yield "big_endian(unsupported)", b"GGUF" + struct.pack(">IQQ", 3, 0, 0)
    yield "key_count_huge(corrupt)", gguf(counts=(0, huge))
    yield "key_count_past_end(truncated)", gguf(counts=(0, 1000))
    yield "tensor_count_huge(corrupt)", gguf(counts=(huge, 0))
    yield "tensor_count_past_end(truncated)", gguf(counts=(1000, 1))
    yield "key_length_huge(truncated)", gguf(keys=[u64(huge) + b"abcdefghijkl"], tensors=[])
    yield "key_empty(corrupt)", gguf(keys=[key("", 4, u32(1))])
    yield "key_control_bytes(corrupt)", gguf(keys=[key("a\x1b[2J", 4, u32(1))])
    yield "key_twice(corrupt)", gguf(keys=[ARCH, ARCH])
    yield "string_past_end(truncated)", gguf(keys=[key("a", 8, u64(10000))], tensors=[])
    yield "value_type_unknown(corrupt)", gguf(keys=[key("a", 13, u32(0))])
    yield "array_of_arrays(unsupported)", gguf(keys=[key("a", 9, u32(9) + u64(1) + u32(4) + u64(0))])
    yield "array_type_unknown(corrupt)", gguf(keys=[key("a", 9, u32(77) + u64(1))])
    yield "array_count_huge(corrupt)", gguf(keys=[key("a", 9, u32(6) + u64(huge))])
    yield "array_strings_huge(corrupt)", gguf(keys=[key("a", 9, u32(8) + u64(huge))])
    yield "array_past_end(truncated)", gguf(keys=[key("a", 9, u32(6) + u64(5000))])
    yield "alignment_zero(corrupt)", gguf(keys=[key("general.alignment", 4, u32(0))])
    yield "alignment_48(corrupt)", gguf(keys=[key("general.alignment", 4, u32(48))])
    yield "alignment_is_text(corrupt)", gguf(keys=[key("general.alignment", 8, text("32"))])
    yield "alignment_past_end(truncated)", gguf(keys=[key("general.alignment", 4, u32(1 << 31))])
    yield "rank_5(corrupt)", gguf(tensors=[tensor("a", [1, 1, 1, 1, 4])])
    yield "rank_huge(corrupt)", gguf(tensors=[text("a") + u32(0xFFFFFFFF) + bytes(32)])
    yield "dimension_zero(corrupt)", gguf(tensors=[tensor("a", [4, 0])])
    yield "shape_overflows(corrupt)", gguf(tensors=[tensor("a", [1 << 40, 1 << 40])])
    yield "row_not_whole_blocks(corrupt)", gguf(tensors=[tensor("a", [33], kind=8)])
    yield "dtype_unknown(dtype)", gguf(tensors=[tensor("a", [4], kind=250)])
    yield "dtype_removed(dtype)", gguf(tensors=[tensor("a", [32], kind=4)])
    yield "tensor_name_empty(corrupt)", gguf(tensors=[tensor("", [4])])
    yield "tensor_twice(corrupt)", gguf(tensors=[tensor("a", [4]), tensor("a", [4], at=32)], data=bytes(48))
    yield "tensor_past_end(truncated)", gguf(tensors=[tensor("a", [4096])])
    yield "tensor_offset_past_end(truncated)", gguf(tensors=[tensor("a", [4], at=1 << 40)])
    yield "tensor_offset_wraps(truncated)", gguf(tensors=[tensor("a", [4], at=(1 << 64) - 32)])
    yield "tensor_misaligned(corrupt)", gguf(tensors=[tensor("a", [2], at=4)])
    yield "tensors_overlap(corrupt)", gguf(tensors=[tensor("a", [16]), tensor("b", [4], at=32)], data=bytes(64))
    yield "data_missing(truncated)", gguf(data=b"")


# safetensors

def entry(shape=(4,), dtype="F32", begin=0, end=16):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def safetensors(header, data=bytes(16), size=None):
    header = header if isinstance(header, bytes) else json.dumps(header).encode()
    return u64(len(header) if size is None else size) + header + data


def safetensor_files():
    deep = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    yield "empty(truncated)", b""
    yield "size_only(truncated)", u64(100)
    yield "header_huge(corrupt)", safetensors({}, size=1 << 60)
    yield "header_over_cap(corrupt)", safetensors({}, size=100000001)
    yield "header_past_end(truncated)", safetensors({}, size=5000)
    yield "header_not_json(corrupt)", safetensors(b"hello", data=b"")
    yield "header_array(corrupt)", safetensors([], data=b"")
    yield "header_deep(corrupt)", safetensors(deep, data=b"")
    yield "header_not_utf8(corrupt)", safetensors(b'{"\xff\xfe": {}}', data=b"")
    yield "metadata_not_object(corrupt)", safetensors({"__metadata__": 3}, data=b"")
    yield "entry_not_object(corrupt)", safetensors({"a": 3})
    yield "dtype_missing(corrupt)", safetensors({"a": {"shape": [4], "data_offsets": [0, 16]}})
    yield "dtype_unknown(dtype)", safetensors({"a": entry(dtype="F7")})
    yield "dtype_not_text(corrupt)", safetensors({"a": entry(dtype=32)})
    yield "shape_missing(corrupt)", safetensors({"a": {"dtype": "F32", "data_offsets": [0, 16]}})
    yield "shape_negative(corrupt)", safetensors({"a": entry(shape=[-4])})
    yield "shape_fraction(corrupt)", safetensors({"a": entry(shape=[2.5])})
    yield "shape_overflows(corrupt)", safetensors({"a": entry(shape=[1 << 62, 8])})
    yield "shape_too_large(corrupt)", safetensors({"a": entry(shape=[5])})
    yield "shape_too_many(unsupported)", safetensors({"a": entry(shape=[1] * 9 + [4])})
    yield "offsets_missing(corrupt)", safetensors({"a": {"dtype": "F32", "shape": [4]}})
    yield "offsets_three(corrupt)", safetensors({"a": dict(entry(), data_offsets=[0, 8, 16])})
    yield "offsets_backwards(corrupt)", safetensors({"a": entry(begin=16, end=0)})
    yield "name_empty(corrupt)", safetensors({"": entry()})
    yield "name_control_bytes(corrupt)", safetensors({"a\u0000b": entry()})
    yield "name_twice(corrupt)", safetensors(
        b'{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"a":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}}')
    yield "tensor_past_end(truncated)", safetensors({"a": entry(shape=[400], end=1600)})
    yield "tensors_overlap(corrupt)", safetensors({"a": entry(), "b": entry(begin=8, end=24)}, data=bytes(24))
    yield "hole_between(corrupt)", safetensors({"a": entry(), "b": entry(begin=24, end=40)}, data=bytes(40))
    yield "hole_before(corrupt)", safetensors({"a": entry(begin=8, end=24)}, data=bytes(24))
    yield "bytes_after(corrupt)", safetensors({"a": entry()}, data=bytes(20))


# Folders

GOOD = safetensors({"a": entry()})


def index(**places):
    return {"metadata": {}, "weight_map": places}


def folders():
    config = {"model_type": "llama"}
    bin_name, shards = "pytorch_model.bin", "model.safetensors.index.json"
    shard = "model-00001-of-00002.safetensors"
    yield "config_missing(not_found)", {"model.safetensors": GOOD}
    yield "config_not_json(corrupt)", {"config.json": b"{", "model.safetensors": GOOD}
    yield "config_array(config)", {"config.json": [], "model.safetensors": GOOD}
    yield "weights_missing(not_found)", {"config.json": config}
    yield "pickle_only(unsupported)", {"config.json": config, bin_name: b"\x80\x02."}
    yield "adapter_only(not_found)", {"adapter_config.json": {}, "adapter_model.safetensors": GOOD}
    yield "gguf_without_config(not_found)", {"tiny.gguf": gguf()}
    yield "index_not_json(corrupt)", {"config.json": config, shards: b"["}
    yield "index_without_map(corrupt)", {"config.json": config, shards: {}}
    yield "index_names_number(corrupt)", {"config.json": config, shards: index(a=3)}
    yield "shard_missing(not_found)", {"config.json": config, shards: index(a=shard)}
    yield "shard_absolute(unsafe_path)", {"config.json": config, shards: index(a="/etc/passwd.safetensors")}
    yield "shard_climbs(unsafe_path)", {"config.json": config, shards: index(a="x/../../y.safetensors")}
    yield "shard_parent(unsafe_path)", {"config.json": config, shards: index(a="../y.safetensors")}
    yield "shard_empty(unsafe_path)", {"config.json": config, shards: index(a="")}
    yield "shard_pickle(unsupported)", {"config.json": config, shards: index(a=bin_name)}
    yield "shard_truncated(truncated)", {"config.json": config, shards: index(a=shard), shard: GOOD[:-4]}
    yield "tensor_not_in_shard(tensor_missing)", {"config.json": config, shards: index(a=shard, b=shard), shard: GOOD}
    yield "tensor_in_two_shards(corrupt)", {
        "config.json": config, shards: index(a=shard, b="other.safetensors"), shard: GOOD, "other.safetensors": GOOD}


def main():
    for kind in ("gguf", "safetensors", "folder"):
        shutil.rmtree(ROOT / kind, ignore_errors=True)
    for name, data in ggufs():
        put("gguf/%s.gguf" % name, data)
    for name, data in safetensor_files():
        put("safetensors/%s.safetensors" % name, data)
    for name, files in folders():
        for path, data in files.items():
            put("folder/%s/%s" % (name, path), data if isinstance(data, bytes) else json.dumps(data).encode())


if __name__ == "__main__":
    main()
