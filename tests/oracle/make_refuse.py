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
    yield "part_renamed(corrupt)", gguf(keys=[key("split.no", 2, b"\0\0"), key("split.count", 2, b"\2\0")])


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


# Models: well-formed files that contradict each other

TINY = dict(model_type="llama", hidden_size=8, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1,
            intermediate_size=8, vocab_size=4, max_position_embeddings=16, rms_norm_eps=1e-5, hidden_act="silu")


def llama_tensors(n=8):
    block = "model.layers.0."
    shapes = {"model.embed_tokens.weight": [4, n], "model.norm.weight": [n], block + "input_layernorm.weight": [n],
              block + "post_attention_layernorm.weight": [n], block + "self_attn.q_proj.weight": [n, n],
              block + "self_attn.k_proj.weight": [n // 2, n], block + "self_attn.v_proj.weight": [n // 2, n],
              block + "self_attn.o_proj.weight": [n, n], block + "mlp.gate_proj.weight": [n, n],
              block + "mlp.up_proj.weight": [n, n], block + "mlp.down_proj.weight": [n, n]}
    return {name: ("F16", shape) for name, shape in shapes.items()}


SIZES = {"F16": 2, "I32": 4, "U8": 1, "U32": 4, "F32": 4, "F8_E4M3": 1}


def pack(tensors):
    """Tensors of zero bytes, or of those that follow type and shape."""
    header, data = {}, b""
    for name, (dtype, shape, *content) in tensors.items():
        size = SIZES[dtype]
        for n in shape:
            size *= n
        header[name] = entry(shape, dtype, len(data), len(data) + size)
        data += content[0] if content else bytes(size)
    return safetensors(header, data=data)


def model(change=None, remove=(), **keys):
    config = {k: v for k, v in dict(TINY, **keys).items() if v is not ...}
    tensors = llama_tensors()
    tensors.update(change or {})
    return {"config.json": config, "model.safetensors": pack({k: v for k, v in tensors.items() if k not in remove})}


def models():
    q, norm, embed = "model.layers.0.self_attn.q_proj", "model.layers.0.input_layernorm.weight", "model.embed_tokens.weight"
    llama3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0)
    yield "architecture_missing(config)", model(model_type=...)
    yield "architecture_unknown(architecture)", model(model_type="llamma")
    yield "architecture_of_experts(architecture)", model(model_type="mixtral")
    yield "architecture_not_text(config)", model(model_type=3)
    yield "hidden_missing(tensor_shape)", model(hidden_size=...)
    yield "hidden_negative(config)", model(hidden_size=-8)
    yield "hidden_fraction(config)", model(hidden_size=8.5)
    yield "hidden_text(config)", model(hidden_size="8")
    yield "hidden_huge(config)", model(hidden_size=1 << 60)
    yield "layers_zero(config)", model(num_hidden_layers=0)
    yield "layers_huge(config)", model(num_hidden_layers=1000000)
    yield "layers_more_than_there_are(tensor_missing)", model(num_hidden_layers=2)
    yield "heads_zero(config)", model(num_attention_heads=0)
    yield "heads_do_not_divide(config)", model(num_attention_heads=3)
    yield "kv_heads_do_not_divide(config)", model(num_attention_heads=4, num_key_value_heads=3)
    yield "head_dim_odd(config)", model(head_dim=3)
    yield "head_dim_wrong(tensor_shape)", model(head_dim=8)
    yield "epsilon_zero(config)", model(rms_norm_eps=0.0)
    yield "epsilon_text(config)", model(rms_norm_eps="small")
    yield "activation_unknown(unsupported)", model(hidden_act="sillu")
    yield "vocabulary_too_small(tensor_shape)", model(vocab_size=3)
    yield "vocabulary_too_large(tensor_shape)", model(vocab_size=5)
    yield "ffn_wrong(tensor_shape)", model(intermediate_size=9)
    yield "rope_type_unknown(unsupported)", model(rope_scaling=dict(rope_type="spiral", factor=2.0))
    yield "rope_factor_missing(config)", model(rope_scaling=dict(rope_type="linear"))
    yield "rope_factor_negative(config)", model(rope_scaling=dict(rope_type="linear", factor=-2.0))
    yield "rope_theta_zero(config)", model(rope_theta=-1.0)
    yield "rope_llama3_backwards(config)", model(rope_scaling=dict(llama3, high_freq_factor=0.5))
    yield "rope_longrope_short(config)", model(rope_scaling=dict(type="longrope", short_factor=[1.0], long_factor=[1.0]))
    yield "rope_partial(unsupported)", model(partial_rotary_factor=0.5)
    yield "rope_factors_of_another_type(config)", model(rope_scaling=dict(short_factor=[1.0, 1.0], long_factor=[1.0, 1.0]))
    yield "rope_factors_of_yarn(config)", model(
        rope_scaling=dict(rope_type="yarn", factor=2.0, short_factor=[1.0, 1.0], long_factor=[1.0, 1.0]))
    yield "rope_theta_text(config)", model(rope_theta="10000")
    yield "rope_factor_text(config)", model(rope_parameters=dict(rope_type="linear", factor="2"))
    yield "rope_type_number(config)", model(rope_scaling=dict(rope_type=1, factor=2.0))
    yield "vocabulary_null(config)", model(vocab_size=None)
    yield "heads_null(config)", model(num_attention_heads=None)
    yield "rope_scaling_number(config)", model(rope_scaling=4)
    yield "rope_type_of_old(unsupported)", model(model_type="olmo3", rope_scaling=dict(type="linear", factor=2.0))
    yield "rope_truncate_of_one(unsupported)", model(
        model_type="olmo3", rope_scaling=dict(rope_type="yarn", factor=2.0, truncate=False))
    yield "head_dim_of_no_family(config)", model(model_type="persimmon", head_dim=8)
    yield "clip_of_no_family(unsupported)", model(model_type="iquestcoder", head_dim=4, clip_qkv=8.0)
    yield "rope_partial_of_default(unsupported)", model(model_type="apertus", partial_rotary_factor=0.5)
    yield "falcon_not_parallel(config)", model(model_type="falcon", new_decoder_architecture=True, parallel_attn=False)
    yield "falcon_two_norms(config)", model(model_type="falcon", num_ln_in_parallel_attn=2)
    yield "falcon_kv_heads(config)", model(model_type="falcon", multi_query=False, num_kv_heads=1)
    yield "rope_not_long(unsupported)", model(model_type="phi3", rope_scaling=dict(rope_type="linear", factor=2.0))
    yield "rope_not_of_kinds(unsupported)", model(
        model_type="gemma4_text", head_dim=4, rope_parameters=dict(rope_type="yarn", factor=2.0))
    yield "far_scale_missing(config)", model(
        model_type="ministral3", head_dim=4, rope_parameters=dict(rope_type="yarn", factor=2.0))
    yield "far_scale_original_missing(config)", model(
        model_type="ministral3", head_dim=4, rope_parameters=dict(rope_type="default", llama_4_scaling_beta=0.1))
    yield "rope_partial_zero(config)", model(partial_rotary_factor=0.0)
    yield "window_zero(config)", model(model_type="mistral", sliding_window=0)
    yield "rope_attention_factor_zero(config)", model(rope_scaling=dict(rope_type="yarn", factor=2.0, attention_factor=0.0))
    yield "factor_zero(config)", model(rms_norm_eps=0.0)
    yield "attention_linear(unsupported)", model(layer_types=["linear_attention"])
    yield "attention_types_too_few(config)", model(layer_types=[])
    yield "window_without_size(config)", model(layer_types=["sliding_attention"])
    yield "encoder_decoder(unsupported)", model(is_encoder_decoder=True)
    yield "quantised_unknown(unsupported)", model(quantization_config=dict(quant_method="squeeze"))
    yield "bias_missing(tensor_missing)", model(attention_bias=True)
    yield "bias_unexpected(unsupported)", model({q + ".bias": ("F16", [8])})
    yield "tensor_missing(tensor_missing)", model(remove=[norm])
    yield "embedding_missing(tensor_missing)", model(remove=[embed])
    yield "tensor_shape(tensor_shape)", model({norm: ("F16", [7])})
    yield "tensor_rank(tensor_shape)", model({norm: ("F16", [8, 1])})
    yield "tensor_integers(dtype)", model({q + ".weight": ("I32", [8, 8])})
    yield "tensor_unknown_part(unsupported)", model({"model.layers.0.self_attn.gate.weight": ("F16", [8])})


# Quantised weights in parts: the query's alone

def quantised(config, **parts):
    size, q = 32, "model.layers.0.self_attn.q_proj"
    tensors = llama_tensors(size)
    del tensors[q + ".weight"]
    tensors.update({"%s.%s" % (q, name): part for name, part in parts.items()})
    keys = dict(TINY, hidden_size=size, intermediate_size=size, **config)
    return {"config.json": keys, "model.safetensors": pack(tensors)}


def mlx(**more):
    return {"quantization": dict({"group_size": 32, "bits": 4}, **more)}


def method(name, **more):
    return {"quantization_config": dict({"quant_method": name, "bits": 4, "group_size": 16}, **more)}


def schemes():
    words, half, order = ("U32", [32, 4]), ("F16", [32, 1]), b"".join(u32(i // 16) for i in range(32))
    packed = dict(weight=words, scales=half, biases=half)
    yield "bitsandbytes(unsupported)", quantised(method("bitsandbytes", load_in_4bit=True), **packed)
    yield "compressed_tensors(unsupported)", quantised(method("compressed-tensors"), **packed)
    yield "method_missing(unsupported)", quantised({"quantization_config": {"bits": 4}}, **packed)
    yield "config_says_nothing(config)", quantised({}, **packed)
    yield "config_says_nothing_gptq(config)", quantised({}, qweight=("I32", [4, 32]))
    yield "mlx_mode_unknown(unsupported)", quantised(mlx(mode="int3"), **packed)
    yield "mlx_mode_number(unsupported)", quantised(mlx(mode=3), **packed)
    yield "mlx_7_bits(unsupported)", quantised(mlx(bits=7), **packed)
    yield "mlx_group_48(unsupported)", quantised(mlx(group_size=48), **packed)
    yield "mlx_bits_text(config)", quantised(mlx(bits="4"), **packed)
    yield "mlx_mxfp4_group_64(unsupported)", quantised(mlx(mode="mxfp4", group_size=64), **packed)
    yield "mlx_group_too_long(tensor_shape)", quantised(mlx(group_size=64), **packed)
    yield "mlx_other_bits(tensor_shape)", quantised(mlx(bits=3), **packed)
    yield "mlx_scales_missing(dtype)", quantised(mlx(), weight=words, biases=half)
    yield "mlx_biases_missing(tensor_missing)", quantised(mlx(), weight=words, scales=half)
    yield "mlx_codes_missing(tensor_missing)", quantised(mlx(), scales=half, biases=half)
    yield "mlx_scales_short(tensor_shape)", quantised(mlx(), weight=words, scales=("F16", [31, 1]), biases=half)
    yield "mlx_scales_integers(dtype)", quantised(mlx(), weight=words, scales=("I32", [32, 1]), biases=half)
    yield "mlx_override_true(tensor_missing)", quantised(
        mlx(**{"model.layers.0.self_attn.q_proj": True}), weight=words, biases=half)
    yield "mlx_override_false(dtype)", quantised(mlx(**{"model.layers.0.self_attn.q_proj": False}), **packed)
    yield "mlx_override_bits(unsupported)", quantised(mlx(**{"model.layers.0.self_attn.q_proj": {"bits": 9}}), **packed)

    codes, zeros, scales = ("I32", [4, 32]), ("I32", [2, 4]), ("F16", [2, 32])
    whole = dict(qweight=codes, qzeros=zeros, scales=scales)
    yield "gptq_5_bits(unsupported)", quantised(method("gptq", bits=5), **whole)
    yield "gptq_bits_missing(config)", quantised({"quantization_config": {"quant_method": "gptq"}}, **whole)
    yield "gptq_marlin(unsupported)", quantised(method("gptq", checkpoint_format="marlin"), **whole)
    yield "gptq_is_marlin(unsupported)", quantised(method("gptq", is_marlin_format=True), **whole)
    yield "gptq_dynamic(unsupported)", quantised(method("gptq", dynamic={".*q_proj": {"bits": 8}}), **whole)
    yield "gptq_group_zero(config)", quantised(method("gptq", group_size=0), **whole)
    yield "gptq_group_text(config)", quantised(method("gptq", group_size="16"), **whole)
    yield "gptq_group_wrong(tensor_shape)", quantised(method("gptq", group_size=8), **whole)
    yield "gptq_zeros_missing(tensor_missing)", quantised(method("gptq"), qweight=codes, scales=scales)
    yield "gptq_zeros_short(tensor_shape)", quantised(method("gptq"), qweight=codes, qzeros=("I32", [2, 3]), scales=scales)
    yield "gptq_scales_missing(tensor_missing)", quantised(method("gptq"), qweight=codes, qzeros=zeros)
    yield "gptq_codes_floats(dtype)", quantised(method("gptq"), qweight=("F32", [4, 32]), qzeros=zeros, scales=scales)
    yield "gptq_codes_turned(tensor_shape)", quantised(method("gptq"), qweight=("I32", [32, 4]), qzeros=zeros, scales=scales)
    yield "gptq_order_missing(tensor_missing)", quantised(method("gptq", desc_act=True), **whole)
    yield "gptq_order_short(tensor_shape)", quantised(method("gptq"), g_idx=("I32", [31]), **whole)
    yield "gptq_order_past_end(corrupt)", quantised(method("gptq"), g_idx=("I32", [32], order[:-4] + u32(2)), **whole)
    yield "gptq_order_negative(corrupt)", quantised(method("gptq"), g_idx=("I32", [32], order[:-4] + u32(0xFFFFFFFF)), **whole)
    yield "gptq_bias(unsupported)", quantised(method("gptq"), bias=("F16", [32], b"\x00\x3c" * 32), **whole)

    whole = dict(qweight=("I32", [32, 4]), qzeros=zeros, scales=scales)
    yield "awq_gemv(unsupported)", quantised(method("awq", version="gemv"), **whole)
    yield "awq_llm_awq(unsupported)", quantised(method("awq", backend="llm-awq"), **whole)
    yield "awq_without_zeros(unsupported)", quantised(method("awq", zero_point=False), **whole)
    yield "awq_8_bits(unsupported)", quantised(method("awq", bits=8), **whole)
    yield "awq_zeros_missing(tensor_missing)", quantised(method("awq"), qweight=whole["qweight"], scales=scales)
    yield "awq_codes_turned(tensor_shape)", quantised(method("awq"), qweight=codes, qzeros=zeros, scales=scales)

    weight, grid = ("F8_E4M3", [32, 32]), ("F32", [2, 3])
    yield "fp8_scale_missing(tensor_missing)", quantised(method("fp8", weight_block_size=[16, 16]), weight=weight)
    yield "fp8_grid_wrong(tensor_shape)", quantised(
        method("fp8", weight_block_size=[16, 16]), weight=weight, weight_scale_inv=grid)
    yield "fp8_block_size_missing(config)", quantised(method("fp8"), weight=weight, weight_scale_inv=grid)
    yield "fp8_block_size_zero(config)", quantised(
        method("fp8", weight_block_size=[0, 16]), weight=weight, weight_scale_inv=grid)
    yield "fp8_block_size_one(config)", quantised(method("fp8", weight_block_size=[16]), weight=weight, weight_scale_inv=grid)
    yield "fp8_scale_bytes(dtype)", quantised(
        method("fp8", weight_block_size=[16, 16]), weight=weight, weight_scale_inv=("U8", [2, 2]))
    yield "fp8_shape(tensor_shape)", quantised(
        method("fp8"), weight=("F8_E4M3", [32, 16]), weight_scale_inv=("F32", [1]))


# The same for GGUF

def gguf_model(change=None, remove=(), arch="llama", **keys):
    meta = {"block_count": 1, "embedding_length": 8, "feed_forward_length": 8, "attention.head_count": 2,
            "attention.head_count_kv": 1, "context_length": 16}
    meta.update({k.replace("__", "."): v for k, v in keys.items()})
    tensors = {"token_embd.weight": [4, 8], "output_norm.weight": [8], "blk.0.attn_norm.weight": [8],
               "blk.0.ffn_norm.weight": [8], "blk.0.attn_q.weight": [8, 8], "blk.0.attn_k.weight": [4, 8],
               "blk.0.attn_v.weight": [4, 8], "blk.0.attn_output.weight": [8, 8], "blk.0.ffn_gate.weight": [8, 8],
               "blk.0.ffn_up.weight": [8, 8], "blk.0.ffn_down.weight": [8, 8]}
    tensors.update(change or {})
    meta.setdefault("attention.layer_norm_rms_epsilon", 1e-5)
    kinds = {bool: (7, lambda v: bytes([v])), int: (4, u32), float: (6, lambda v: struct.pack("<f", v)), str: (8, text)}
    pairs = [key("general.architecture", 8, text(arch))]
    for name, value in meta.items():
        if value is not ...:
            kind, pack = kinds[type(value)]
            pairs.append(key("%s.%s" % (arch, name), kind, pack(value)))
    infos, at = [], 0
    for name, shape in tensors.items():
        if name in remove:
            continue
        infos.append(tensor(name, shape[::-1], kind=1, at=at))
        size = 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        at += size + -size % 32
    return gguf(keys=pairs, tensors=infos, data=bytes(at))


def gguf_models():
    yield "architecture_missing(config)", gguf(keys=[])
    yield "architecture_unknown(architecture)", gguf(keys=[key("general.architecture", 8, text("lama"))])
    yield "architecture_number(config)", gguf(keys=[key("general.architecture", 4, u32(1))])
    yield "blocks_missing(config)", gguf_model(block_count=...)
    yield "blocks_text(config)", gguf_model(block_count="one")
    yield "heads_do_not_divide(config)", gguf_model(attention__head_count=3)
    yield "experts(unsupported)", gguf_model(expert_count=8)
    yield "key_unknown(unsupported)", gguf_model(attention__warp=1)
    yield "rope_type_unknown(unsupported)", gguf_model(rope__scaling__type="spiral")
    yield "window_pattern(unsupported)", gguf_model(attention__sliding_window=8, attention__sliding_window_pattern=2)
    yield "window_of_no_architecture(unsupported)", gguf_model(attention__sliding_window=8)
    yield "rope_attention_factor_zero(config)", gguf_model(rope__scaling__attn_factor=0.0)
    yield "rope_none(unsupported)", gguf_model(arch="granite", rope__scaling__finetuned=False)
    yield "rope_of_window_base(unsupported)", gguf_model(
        arch="gemma2", attention__sliding_window=4, rope__freq_base=100.0, rope__freq_base_swa=50.0)
    yield "rope_of_window_columns(unsupported)", gguf_model(
        arch="gemma3", attention__sliding_window=4, rope__dimension_count_swa=2)
    yield "rope_of_window_factor(unsupported)", gguf_model(
        arch="gemma3", attention__sliding_window=4, rope__scaling__attn_factor=1.5)
    yield "epsilon_of_other_norm(config)", gguf_model(
        attention__layer_norm_rms_epsilon=..., attention__layer_norm_epsilon=1e-5)
    yield "alibi_missing(config)", gguf_model(
        arch="mpt", attention__layer_norm_rms_epsilon=..., attention__layer_norm_epsilon=1e-5)
    yield "rope_scaled_twice(unsupported)", gguf_model(
        {"rope_factors_long.weight": [2], "rope_factors_short.weight": [2]}, rope__scaling__type="yarn", rope__scaling__factor=2.0)
    yield "rope_base_zero(config)", gguf_model(rope__freq_base=0.0)
    yield "rope_dimensions_odd(config)", gguf_model(rope__dimension_count=3)
    yield "rope_freqs_shape(tensor_shape)", gguf_model({"rope_freqs.weight": [3]})
    yield "tensor_missing(tensor_missing)", gguf_model(remove=["blk.0.ffn_up.weight"])
    yield "tensor_shape(tensor_shape)", gguf_model({"blk.0.ffn_up.weight": [9, 8]})
    yield "tensor_of_no_block(unsupported)", gguf_model({"output_norm.bias": [8]})
    yield "tensor_unknown_part(unsupported)", gguf_model({"blk.0.attn_warp.weight": [8]})


def main():
    for kind in ("gguf", "safetensors", "folder", "model", "scheme", "gguf_model"):
        shutil.rmtree(ROOT / kind, ignore_errors=True)
    for name, data in ggufs():
        put("gguf/%s.gguf" % name, data)
    for name, data in safetensor_files():
        put("safetensors/%s.safetensors" % name, data)
    for name, data in gguf_models():
        put("gguf_model/%s.gguf" % name, data)
    for kind, table in (("folder", folders()), ("model", models()), ("scheme", schemes())):
        for name, files in table:
            for path, data in files.items():
                put("%s/%s/%s" % (kind, name, path), data if isinstance(data, bytes) else json.dumps(data).encode())


if __name__ == "__main__":
    main()
