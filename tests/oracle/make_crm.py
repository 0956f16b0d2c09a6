#!/usr/bin/env python3
"""make_crm.py: tests/golden/crm/, concept response matrices that somebody else wrote.

Made with numpy and safetensors (versions in requirements.txt) and with json; none with our own code. Values follow
value(layer, row, column), which tests/unit/test_crm.c knows too; they are exact in every type used.
"""
import json
import pathlib

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

ROOT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "crm"
ROWS, HIDDEN = 3, 4
IDS = ["semantic_prime:I", "semantic_prime:YOU", "moral_concept:cruelty"]


def value(layer, row, column):
    return layer * 32 + row * 8 + column + 0.5


def matrix(layer, dtype=np.float32, rows=ROWS):
    return np.array([[value(layer, i, j) for j in range(HIDDEN)] for i in range(rows)], dtype=dtype)


def states(dtype=np.float32, rows=ROWS):
    return {f"state.{layer}": matrix(layer, dtype, rows) for layer in (0, 2)} | {"final": matrix(3, dtype, rows)}


def older(layers):
    """The JSON form without a provenance, whose layer 0 is the output of the first block."""
    return {"modelIdentifier": "tiny", "createdAt": "2024-05-06T07:08:09Z", "layerCount": 4, "hiddenDim": HIDDEN,
            "anchorMetadata": {"totalCount": ROWS, "semanticPrimeCount": 2, "computationalGateCount": 0,
                               "anchorIDs": IDS},
            "activations": {str(layer): {IDS[i]: {"anchorID": IDS[i], "layer": layer, "norm": 1.0,
                                                  "activation": [value(layer + 1, i, j) for j in range(HIDDEN)]}
                                         for i in reversed(range(ROWS))} for layer in layers}}


def main():
    ROOT.mkdir(parents=True, exist_ok=True)
    save_file(states(), ROOT / "numpy_bare.safetensors")
    save_file(states(), ROOT / "numpy_probes.safetensors", metadata={"probes": json.dumps(IDS)})
    for name, dtype in (("f16", np.float16), ("f64", np.float64)):
        save_file(states(dtype), ROOT / f"numpy_{name}.safetensors", metadata={"probes": json.dumps(IDS)})
    save_torch({key: torch.from_numpy(array).to(torch.bfloat16) for key, array in states().items()},
               ROOT / "torch_bf16.safetensors", metadata={"probes": json.dumps(IDS), "format": "pt"})
    texts = {"token_ids": np.arange(5, dtype=np.int32), "text_offsets": np.array([0, 2, 3, 5], dtype=np.int64),
             "probe_offsets": np.array([0, 1, 2, 3], dtype=np.int64)}
    save_file({**states(rows=5), **texts}, ROOT / "numpy_tokens.safetensors", metadata={"probes": json.dumps(IDS)})
    save_file({**states(), **texts, "notes": np.zeros(3, dtype=np.float32), "split.0": np.stack([matrix(0)] * 2)},
              ROOT / "numpy_more.safetensors", metadata={"probes": json.dumps(IDS), "provenance": "by hand"})
    (ROOT / "older.json").write_text(json.dumps(older([0, 1, 3])) + "\n")
    gaps = older([0, 1])
    del gaps["activations"]["1"][IDS[0]]
    gaps["activations"]["0"][IDS[1]]["activation"][2] = None
    (ROOT / "older_gaps.json").write_text(json.dumps(gaps, indent=1) + "\n")


if __name__ == "__main__":
    main()
