#!/usr/bin/env python3
"""What the dimension estimators are expected to say about shapes of known dimension, from scikit-dimension (TwoNN, MLE)
and DADApy ("ml" and GRIDE's likelihood): mean and sd over many samples of 343 points of numpy's own generator.

This is the bias that the literature reports (Facco et al. 2017, fig. 2; Levina & Bickel 2004, sec. 4; Denti et al.
2022, sec. 3; Campadelli et al. 2015): small at a dimension of 2, a tenth at 10, a quarter to a third at 20."""
import json
import pathlib
import warnings

import numpy as np
import skdim
from dadapy import Data
from dadapy._utils import utils
from scipy.optimize import brentq
from scipy.spatial.distance import pdist, squareform

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/metrics/bias.json"
SEED, N, SAMPLES = 20240401, 343, 200


def ball(rng, d):
    g = rng.normal(size=(N, d))
    return g / np.linalg.norm(g, axis=1, keepdims=True) * rng.uniform(size=(N, 1)) ** (1 / d)


def sphere(rng, d):
    g = rng.normal(size=(N, d + 1))
    return g / np.linalg.norm(g, axis=1, keepdims=True)


def normal(rng, d):
    return rng.normal(size=(N, d))


def roll(rng, d):
    t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=N))
    return np.stack([t * np.cos(t), 21 * rng.uniform(size=N), t * np.sin(t)], axis=1)


def gride(x, n1):
    r = np.sort(squareform(pdist(x)), axis=1)[:, 1:]
    mus = r[:, 2 * n1 - 1] / r[:, n1 - 1]
    return brentq(lambda d: utils._neg_dloglik_did(d, mus, n1, 2 * n1, N + 1, 0.0), 1e-3, 1e3)


def estimates(x):
    data = Data(x)
    data.compute_distances(maxk=3)
    return {"twonn": skdim.id.TwoNN().fit(x).dimension_, "twonn-mle": data.compute_id_2NN(algorithm="ml")[0],
            "mle": skdim.id.MLE(K=10).fit(x, n_neighbors=10).dimension_, "gride": gride(x, 2)}


def main():
    rng, shapes = np.random.default_rng(SEED), []
    for shape, d in [(ball, 2), (ball, 5), (ball, 10), (ball, 20), (normal, 5), (normal, 20), (roll, 2), (sphere, 3),
                     (sphere, 10)]:
        got = [estimates(shape(rng, d)) for _ in range(SAMPLES)]
        row = {name: [float(np.mean([g[name] for g in got])), float(np.std([g[name] for g in got], ddof=1))]
               for name in got[0]}
        shapes.append({"shape": shape.__name__, "dimension": d, "estimates": row})
        print(shape.__name__, d, {k: np.round(v, 2) for k, v in row.items()}, flush=True)
    golden = {"script": "tests/oracle/metric_bias.py", "seed": SEED, "points": N, "samples": SAMPLES,
              "versions": {"numpy": np.__version__, "scikit-dimension": "0.5.0", "dadapy": "0.3.4"}, "shapes": shapes}
    OUT.write_text(json.dumps(golden, separators=(",", ":")) + "\n")


main()
