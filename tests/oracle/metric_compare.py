#!/usr/bin/env python3
"""Golden comparison of two small stacks of layers, from numpy and scipy.

Values and correspondences are exact (the assignment by scipy's linear_sum_assignment, the monotone
alignment by trying all of them). Null mean and sd are those of 20,000 permutations of numpy's own
generator, so the tests hold ours to the sampling error; the same for the half-samples' sd.
Leverage: the row sums of the squared centred Gram matrix."""
import itertools
import json
import pathlib

import numpy as np
import scipy
from scipy.optimize import linear_sum_assignment

import metric_data

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/metrics/compare.json"
SEED = 20240315
DRAWS = 20000


def u_centred(x):
    x = x - x.mean(0)
    k = x @ x.T
    n = len(k)
    k = k - np.diag(np.diag(k))
    r = k.sum(1)
    u = k - r[:, None] / (n - 2) - r[None] / (n - 2) + r.sum() / ((n - 1) * (n - 2))
    np.fill_diagonal(u, 0)
    return u / np.linalg.norm(u)


def monotone(values):
    rows, cols = values.shape
    assert rows <= cols
    best = max(itertools.combinations(range(cols), rows),
               key=lambda c: sum(values[i, j] for i, j in enumerate(c)))
    return [[i, j] for i, j in enumerate(best)]


def main():
    rng = np.random.default_rng(SEED)
    n = 36
    base = rng.normal(size=(n, 12)) / np.sqrt(1 + np.arange(12))
    a, b, z = [], [], base
    for depth in range(6):
        z = np.tanh(z @ rng.normal(size=(12, 12)) * 0.6) + 0.4 * rng.normal(size=(n, 12))
        if depth != 2:
            a.append((z @ rng.normal(size=(12, 9))).astype(np.float32))
        b.append((z @ rng.normal(size=(12, 14)) + 0.5 * rng.normal(size=(n, 14))).astype(np.float32))
    ua = [u_centred(x.astype(float)) for x in a]
    ub = [u_centred(x.astype(float)) for x in b]
    values = np.array([[np.sum(p * q) for q in ub] for p in ua])
    flat_a = np.array([u[np.triu_indices(n, 1)] for u in ua])
    null = np.empty((DRAWS, len(a), len(b)))
    for d in range(DRAWS):
        order = rng.permutation(n)
        flat_b = np.array([u[np.ix_(order, order)][np.triu_indices(n, 1)] for u in ub])
        null[d] = 2 * flat_a @ flat_b.T
    halves = np.empty((DRAWS // 4, len(a), len(b)))
    for d in range(len(halves)):
        rows = np.sort(rng.permutation(n)[:n // 2])
        ha = [u_centred(x[rows].astype(float)) for x in a]
        hb = [u_centred(x[rows].astype(float)) for x in b]
        halves[d] = [[np.sum(p * q) for q in hb] for p in ha]
    gram = a[0] - a[0].astype(float).mean(0)
    gram = gram @ gram.T
    shares = (gram ** 2).sum(1) / (gram ** 2).sum()
    golden = {
        "script": "tests/oracle/metric_compare.py", "seed": SEED,
        "versions": {"numpy": np.__version__, "scipy": scipy.__version__},
        "a": [metric_data.rows(x) for x in a], "b": [metric_data.rows(x) for x in b],
        "values": values.tolist(), "nullMean": null.mean(0).tolist(), "nullSd": null.std(0, ddof=1).tolist(),
        "halfSd": halves.std(0, ddof=1).tolist(),
        "monotone": monotone(values), "assignment": np.stack(linear_sum_assignment(-values), 1).tolist(),
        "largestProbe": int(shares.argmax()), "leverage": float(shares.max()),
    }
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    print(np.round(values, 3), golden["monotone"], golden["assignment"])


main()
