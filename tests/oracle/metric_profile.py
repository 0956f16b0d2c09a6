#!/usr/bin/env python3
"""Golden values of layer profiles from numpy and scipy, by other roads than ours: cosines pair by
pair (scipy's pdist), the spectrum from singular values of the centred matrix, distances to the mean
row by row. The dimension and ranks in a profile have their own oracle (metric_dimension.py).

The matrices are the x of similarity.json."""
import json
import pathlib

import numpy as np
import scipy
from scipy.spatial.distance import pdist

import metric_data

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/metrics/profile.json"
TOP = 3


def top(values, count=TOP):
    order = np.argsort(-values, kind="stable")[:count]
    return [[int(i), float(values[i])] for i in order]


def profile(x):
    norms, centred = np.linalg.norm(x, axis=1), x - x.mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)[:len(x) - 1]
    shares = singular ** 2 / (singular ** 2).sum()
    held = np.cumsum(shares)
    distance = np.linalg.norm(centred, axis=1)
    distance /= np.sqrt((distance ** 2).mean())
    magnitude = np.abs(x)
    unit = int(magnitude.max(axis=0).argmax())
    largest, median = magnitude.max(axis=0), np.median(magnitude)
    return {
        "norm mean": norms.mean(), "norm sd": norms.std(ddof=1), "norm least": norms.min(),
        "norm median": np.median(norms), "norm most": norms.max(), "median magnitude": median,
        "anisotropy": 1 - pdist(x, "cosine").mean(),
        "anisotropy centred": 1 - pdist(centred, "cosine").mean(),
        "variance": np.trace(np.cov(x.T)),
        "spectrum": shares[:16].tolist(),
        "directions": [int(np.searchsorted(held, share) + 1) for share in (0.5, 0.9, 0.99)],
        "widest units": top(centred.var(axis=0) / centred.var(axis=0).sum()),
        "largest unit": [unit, float(largest[unit]), int(magnitude[:, unit].argmax())],
        "massive": int(((largest > 100) & (largest > 1000 * median)).sum()),
        "least typical": top(distance),
        "most typical": [[i, -value] for i, value in top(-distance)],
    }


def main():
    cases = []
    for name, (x, _) in metric_data.pairs().items():
        got = profile(x.astype(np.float64))
        cases.append({"name": name,
                      "values": {k: v if isinstance(v, (list, int)) else float(v) for k, v in got.items()}})
        print(name, got["massive"], got["directions"], round(got["anisotropy"], 4))
    OUT.write_text(json.dumps({"script": "tests/oracle/metric_profile.py",
                               "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
                               "seed": 20240229, "cases": cases}, indent=1) + "\n")


main()
