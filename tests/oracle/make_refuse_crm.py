#!/usr/bin/env python3
"""make_refuse_crm.py: tests/refuse/{atlas,crm}/, one small broken file for each way to be broken.

The name says what is wrong and, in brackets, the status that must come back. Needs only the standard library; writes
the same bytes every time.
"""
import json
import pathlib
import struct

ROOT = pathlib.Path(__file__).resolve().parent.parent / "refuse"


def put(name, data):
    path = ROOT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(data, bytes):
        data = (json.dumps(data) + "\n").encode()
    path.write_bytes(data)


def changed(record, changes):
    """The record with fields replaced, added, or (None) removed."""
    return {key: value for key, value in {**record, **changes}.items() if value is not None}


# --- Atlas files -------------------------------------------------------------------------------------------------
def probe(**changes):
    return changed(dict(id="a", source="mine", domain="moral", category="c", weight=1.0, name="A", description="d",
                        texts=["one text", "another text"]), changes)


def atlas(*probes, **changes):
    return changed(dict(schema="mc.atlas.v1", version="1.0.0", name="mine", probes=list(probes)), changes)


def control(**changes):
    return probe(**{"id": "x", "source": "control", "matches": "mine:a", **changes})


def atlases():
    wrong = {
        "id_missing": dict(id=None), "id_empty": dict(id=""), "id_number": dict(id=1), "id_nul": dict(id="a\x00b"),
        "source_missing": dict(source=None), "source_colon": dict(source="a:b"),
        "domain_missing": dict(domain=None), "domain_unknown": dict(domain="morale"),
        "category_missing": dict(category=None), "expression_unknown": dict(expression="matrixx"),
        "intensity_unknown": dict(intensity="medium"),
        "weight_text": dict(weight="1"), "weight_zero": dict(weight=0), "weight_negative": dict(weight=-1),
        "level_six": dict(level=6), "level_half": dict(level=1.5),
        "valence_large": dict(valence=1.5, arousal=0, dominance=0), "valence_alone": dict(valence=0.5),
        "components_text": dict(components="a"), "components_number": dict(components=[1]),
        "components_empty": dict(components=[""]), "exponents_number": dict(exponents=[1]),
        "texts_missing": dict(texts=None), "texts_none": dict(texts=[]), "texts_string": dict(texts="a b"),
        "text_empty": dict(texts=["a", ""]), "text_number": dict(texts=["a", 1]),
    }
    for name, changes in wrong.items():
        yield name, atlas(probe(**changes))
    yield "schema_missing", atlas(probe(), schema=None)
    yield "schema_later", atlas(probe(), schema="mc.atlas.v2")
    yield "schema_number", atlas(probe(), schema=1)
    yield "version_missing", atlas(probe(), version=None)
    yield "name_missing", atlas(probe(), name=None)
    yield "name_two_lines", atlas(probe(), name="a\nb")
    yield "probes_object", atlas(probe(), probes={})
    yield "probes_none", atlas()
    yield "probe_number", atlas(probe(), 7)
    yield "id_twice", atlas(probe(), probe(texts=["another"]))
    yield "matches_missing", atlas(probe(), control(matches=None))
    yield "matches_unknown", atlas(probe(), control(matches="mine:b"))
    yield "matches_twice", atlas(probe(), control(), control(id="y"))
    yield "matches_fewer_texts", atlas(probe(), control(texts=["only one"]))
    yield "root_array", [atlas(probe())]
    whole = json.dumps(atlas(probe())).encode()
    yield "cut_short", whole[:-20]
    yield "empty", b""
    yield "not_utf8", whole.replace(b"one text", b"one \xff text")


# --- CRM files, safetensors --------------------------------------------------------------------------------------
SIZES = {"F32": 4, "F16": 2, "F64": 8, "I32": 4, "I64": 8}


def safetensors(tensors, metadata=None, cut=0):
    """tensors: {name: (dtype, shape)}, filled with zeros, or (dtype, shape, bytes)."""
    header, data = {}, b""
    if metadata is not None:
        header["__metadata__"] = metadata
    for name, (dtype, shape, *content) in tensors.items():
        size = SIZES[dtype]
        for dimension in shape:
            size *= dimension
        filled = content[0] if content else bytes(size)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(filled)]}
        data += filled
    text = json.dumps(header).encode()
    whole = struct.pack("<Q", len(text)) + text + data
    return whole[:len(whole) - cut]


def longs(*values):
    return struct.pack(f"<{len(values)}q", *values)


TWO = {"state.0": ("F32", [2, 3]), "state.1": ("F32", [2, 3])}
TEXTS = {"token_ids": ("I32", [4]), "text_offsets": ("I64", [3], longs(0, 2, 4)),
         "probe_offsets": ("I64", [3], longs(0, 1, 2))}
IDS = {"probes": '["m:a", "m:b"]'}


def with_texts(**changes):
    return {**TWO, **TEXTS, **changes}


def safetensor_crms():
    yield "no_tensors(crm)", safetensors({})
    yield "no_states(crm)", safetensors({"weights": ("F32", [2, 3]), "state.x": ("F32", [2, 3])})
    yield "rank_one(crm)", safetensors({"state.0": ("F32", [6])})
    yield "rank_three(crm)", safetensors({"state.0": ("F32", [1, 2, 3])})
    yield "no_rows(crm)", safetensors({"state.0": ("F32", [0, 3])})
    yield "rows_differ(crm)", safetensors({**TWO, "state.2": ("F32", [3, 3])})
    yield "hidden_differs(crm)", safetensors({**TWO, "state.2": ("F32", [2, 4])})
    yield "final_twice(crm)", safetensors({"final": ("F32", [2, 3]), "state.final": ("F32", [2, 3])})
    yield "split_of_three(crm)", safetensors({**TWO, "split.0": ("F32", [3, 2, 3])})
    yield "split_flat(crm)", safetensors({**TWO, "split.0": ("F32", [2, 3])})
    yield "control_other_rows(crm)", safetensors({**TWO, "control.0": ("F32", [5, 3])})
    yield "states_of_integers(dtype)", safetensors({"state.0": ("I32", [2, 3])})
    yield "probes_too_few(crm)", safetensors(TWO, {"probes": '["m:a"]'})
    yield "probes_twice(crm)", safetensors(TWO, {"probes": '["m:a", "m:a"]'})
    yield "probes_no_json(crm)", safetensors(TWO, {"probes": "m:a, m:b"})
    yield "probes_of_numbers(crm)", safetensors(TWO, {"probes": "[1, 2]"})
    yield "schema_later(unsupported)", safetensors(TWO, {**IDS, "mc.schema": "mc.crm.v2"})
    yield "blocks_text(crm)", safetensors(TWO, {**IDS, "mc.blocks": "many"})
    yield "metadata_number(crm)", safetensors(TWO, {**IDS, "mc.pooling": 3})
    yield "blocks_fewer_than_states(crm)", safetensors(TWO, {**IDS, "mc.blocks": "0"})
    yield "pooling_unknown(crm)", safetensors(TWO, {**IDS, "mc.pooling": "max"})
    yield "pooling_all_without_tokens(crm)", safetensors(TWO, {**IDS, "mc.pooling": "all"})
    yield "pooling_all_other_count(crm)", safetensors(with_texts(), {**IDS, "mc.pooling": "all"})
    yield "token_ids_long(crm)", safetensors(with_texts(token_ids=("I64", [4])), IDS)
    yield "offsets_descend(crm)", safetensors(with_texts(text_offsets=("I64", [3], longs(0, 5, 4))), IDS)
    yield "offsets_negative(crm)", safetensors(with_texts(text_offsets=("I64", [3], longs(-1, 2, 4))), IDS)
    yield "offsets_past_tokens(crm)", safetensors(with_texts(text_offsets=("I64", [3], longs(0, 2, 9))), IDS)
    yield "offsets_empty(crm)", safetensors(with_texts(text_offsets=("I64", [0])), IDS)
    yield "probe_offsets_too_many(crm)", safetensors(
        with_texts(probe_offsets=("I64", [4], longs(0, 1, 2, 2))), IDS)
    yield "data_cut_short(truncated)", safetensors(TWO, IDS, cut=5)
    yield "empty(truncated)", b""
    yield "other_file(corrupt)", b"\x7fELF" + bytes(60)


# --- CRM files, JSON ---------------------------------------------------------------------------------------------
def record(name, layer, numbers):
    return {"anchorID": name, "layer": layer, "activation": numbers, "norm": 1.0}


def layer(index, **changes):
    return {**{"m:a": record("m:a", index, [1.0, 2.0]), "m:b": record("m:b", index, [3.0, 4.0])}, **changes}


def crm(**changes):
    return changed(dict(modelIdentifier="m", createdAt="2025-01-01T00:00:00Z", layerCount=2, hiddenDim=2,
                        anchorMetadata={"totalCount": 2, "anchorIDs": ["m:a", "m:b"]}, provenance={}, pooling="last",
                        activations={"0": layer(0), "1": layer(1)}), changes)


def json_crms():
    yield "activations_missing", crm(activations=None)
    yield "activations_array", crm(activations=[])
    yield "activations_none", crm(activations={})
    yield "layer_name", crm(activations={"first": layer(0)})
    yield "layer_zero_padded", crm(activations={"00": layer(0)})
    yield "layer_array", crm(activations={"0": []})
    yield "layer_past_blocks", crm(activations={"3": layer(3)})
    yield "no_probe_in_all_layers", crm(activations={"0": {"m:a": record("m:a", 0, [1, 2])},
                                                     "1": {"m:b": record("m:b", 1, [1, 2])}})
    yield "probes_none", crm(anchorMetadata=None, activations={"0": {}})
    yield "ids_twice", crm(anchorMetadata={"anchorIDs": ["m:a", "m:a"]})
    yield "lengths_differ", crm(activations={"0": layer(0, **{"m:b": record("m:b", 0, [1, 2, 3])})})
    yield "activation_empty", crm(activations={"0": {"m:a": record("m:a", 0, [])}})
    yield "activation_of_texts", crm(activations={"0": layer(0, **{"m:b": record("m:b", 0, [1, "2"])})})
    yield "split_length", crm(activations={"0": layer(0, **{"m:b": {"activation": [1, 2], "split": [[1, 2], [1]]}})})
    yield "hidden_dim_differs", crm(hiddenDim=3)
    yield "layer_count_negative", crm(layerCount=-1)
    yield "pooling_unknown", crm(pooling="max")
    yield "pooling_all", crm(pooling="all")
    yield "offsets_past_tokens", crm(texts={"tokenIDs": [1, 2], "textOffsets": [0, 3], "probeOffsets": [0, 1, 1]})
    yield "token_too_large", crm(texts={"tokenIDs": [1, 1 << 40], "textOffsets": [0, 1, 2], "probeOffsets": [0, 1, 2]})
    twice = json.dumps(crm()).replace('"m:b": {"anchorID"', '"m:a": {"anchorID"')
    yield "probe_twice_in_a_layer", twice.encode()


def main():
    for name, document in atlases():
        put(f"atlas/{name}(atlas).json", document)
    for name, data in safetensor_crms():
        put(f"crm/{name}.safetensors", data)
    for name, document in json_crms():
        put(f"crm/{name}(crm).json", document)
    whole = json.dumps(crm()).encode()
    put("crm/schema_later(unsupported).json", crm(schema="mc.crm.v2"))
    put("crm/cut_short(corrupt).json", whole[:-9])
    put("crm/root_is_open(corrupt).json", b"{")


if __name__ == "__main__":
    main()
