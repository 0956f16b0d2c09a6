#!/usr/bin/env python3
"""check_crm.py FILE...: does anybody else understand these concept response matrices?

A .safetensors file is opened with Python's safetensors (load_file and safe_open), a .json file with json. Checked are
the tensors' names, types, shapes and places, the metadata, the offsets, and, where both forms of one build are given,
that they hold the same float32 numbers. Prints one line a file; exits 1 with a line per fault.
"""
import json
import re
import struct
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file

faults = []


def need(path, condition, what):
    if not condition:
        faults.append(f"{path}: {what}")


def check_places(path):
    """Data begins at a multiple of 64; matrices of 16 n columns too; nothing lies between tensors."""
    with open(path, "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        header = json.loads(file.read(size))
    need(path, (8 + size) % 64 == 0, f"data begins at {8 + size}")
    end = 0
    for name, entry in sorted(((name, entry) for name, entry in header.items() if name != "__metadata__"),
                              key=lambda item: item[1]["data_offsets"]):
        need(path, entry["data_offsets"][0] == end, f"{name} does not begin where the tensor before it ends")
        end = entry["data_offsets"][1]
        if entry["dtype"] == "F32" and entry["shape"][-1] % 16 == 0:
            need(path, entry["data_offsets"][0] % 64 == 0, f"{name} is not aligned")


def check_offsets(path, tensors, prefix, probes):
    ids, texts, groups = (tensors[prefix + name] for name in ("token_ids", "text_offsets", "probe_offsets"))
    need(path, (ids.dtype, texts.dtype, groups.dtype) == (np.int32, np.int64, np.int64), "types of ids and offsets")
    need(path, texts[0] == 0 and texts[-1] == len(ids) and (np.diff(texts) > 0).all(), "text_offsets")
    need(path, groups[0] == 0 and groups[-1] == len(texts) - 1 and (np.diff(groups) > 0).all(), "probe_offsets")
    need(path, len(groups) == probes + 1, f"{len(groups)} probe_offsets for {probes} probes")


def layer_of(name):
    """"state.3" and "final" to the key that the JSON form uses; None for other tensors."""
    found = re.fullmatch(r"state\.(\d+)|(final)", name)
    return found and (found[1] or found[2])


def check_safetensors(path):
    tensors = load_file(path)
    with safe_open(path, framework="np") as file:
        metadata = file.metadata()
        need(path, set(file.keys()) == set(tensors), "safe_open and load_file differ")
        for name in list(tensors)[:4]:
            need(path, np.array_equal(file.get_tensor(name), tensors[name], equal_nan=True), f"{name} differs")
    check_places(path)
    need(path, metadata["mc.schema"] == "mc.crm.v1", "mc.schema")
    probes, provenance = json.loads(metadata["probes"]), json.loads(metadata["provenance"])
    need(path, isinstance(provenance, dict), "the provenance is no object")
    need(path, len(set(probes)) == len(probes) and all(":" in probe for probe in probes), "probes")
    rows = len(tensors["token_ids"]) if metadata["mc.pooling"] == "all" else len(probes)
    states = {layer_of(name): array for name, array in tensors.items() if layer_of(name)}
    for name, array in tensors.items():
        if array.dtype == np.float32:
            shape = array.shape[1:] if "split" in name else array.shape
            control_rows = len(tensors.get("control.token_ids", ())) if metadata["mc.pooling"] == "all" else rows
            need(path, shape[0] == (control_rows if name.startswith("control") else rows), f"rows of {name}")
            need(path, "split" not in name or array.shape[0] == 2, f"halves of {name}")
    for prefix in ("", "control.") if "control.token_ids" in tensors else ("",):
        check_offsets(path, tensors, prefix, len(probes))
    print(f"{path}: {len(tensors)} tensors, layers {', '.join(states)}, {rows} x {next(iter(states.values())).shape[1]}"
          f", {len(probes)} probes, provenance {', '.join(provenance)}")
    return probes, states, tensors


def check_json(path):
    with open(path, encoding="utf-8") as file:
        crm = json.load(file)
    ids = crm["anchorMetadata"]["anchorIDs"]
    need(path, crm["anchorMetadata"]["totalCount"] == len(ids), "totalCount")
    for kind, prefix in (("semanticPrimeCount", "semantic_prime:"), ("computationalGateCount", "computational_gate:")):
        need(path, crm["anchorMetadata"][kind] == sum(name.startswith(prefix) for name in ids), kind)
    states, more = {}, {}
    for key, records in crm["activations"].items():
        need(path, list(records) == ids, f"probes of layer {key}")
        states[key] = np.array([records[name]["activation"] for name in ids], dtype=np.float64).astype(np.float32)
        need(path, states[key].shape[1] == crm["hiddenDim"], f"hiddenDim of layer {key}")
        with np.errstate(over="ignore"):
            norms = np.linalg.norm(states[key].astype(np.float64), axis=1).astype(np.float32)
        stored = np.array([records[name]["norm"] for name in ids], dtype=np.float64).astype(np.float32)
        need(path, np.allclose(norms, stored, rtol=1e-6, equal_nan=True), f"norms of layer {key}")
        for name in ids:
            record = records[name]
            number = crm["layerCount"] + 1 if key == "final" else int(key)
            need(path, record["anchorID"] == name and record["layer"] == number, f"{name} in layer {key}")
        if "split" in records[ids[0]]:
            more["split." + key] = np.array([records[name]["split"] for name in ids], dtype=np.float64)
        if "control" in records[ids[0]]:
            more["control." + key] = np.array([records[name]["control"]["activation"] for name in ids])
    print(f"{path}: layers {', '.join(states)}, {len(ids)} x {crm['hiddenDim']}, notes {crm['notes']}")
    return ids, states, more


def compare(first, second):
    """Two forms of one build."""
    need("both", first[0] == second[0], "probes differ")
    for key in first[1].keys() | second[1].keys():
        a, b = first[1].get(key), second[1].get(key)
        need("both", a is not None and b is not None and a.tobytes() == b.tobytes(), f"layer {key} differs")
    for key, array in second[2].items():
        array = array.astype(np.float32)
        if key.startswith("split."):
            array = array.transpose(1, 0, 2)
        need("both", first[2][key].tobytes() == array.tobytes(), f"{key} differs")


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    opened = {False: [], True: []}
    for path in paths:
        is_json = path.endswith(".json")
        opened[is_json].append(check_json(path) if is_json else check_safetensors(path))
    if len(opened[False]) == len(opened[True]) == 1:
        compare(opened[False][0], opened[True][0])
    for line in faults:
        print("check_crm: " + line, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
