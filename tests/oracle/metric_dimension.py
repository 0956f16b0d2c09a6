#!/usr/bin/env python3
"""Golden values of the dimension estimators from scikit-dimension and DADApy, and of the spectral
ones from numpy.

Conventions: twonn: numpy's lstsq on scipy's pdist, which at the default F = i / N agrees with
scikit-dimension's TwoNN and DADApy's "base" to 1e-6 (asserted). twonn-mle: (N - 1) / sum, agrees
with DADApy's "ml". mle: k = 10, harmonic mean, agrees with scikit-dimension's MLE. gride: the
maximum of the likelihood of Denti et al. 2022 (eq. 6) at n1 = 1, 2, 4, ... by scipy's brentq on
DADApy's derivative, in which the likelihood's N stands (DADApy has N - 1 there), checked against a
direct maximisation of the log density; its error from DADApy's Fisher information. Spectral:
eigenvalues of numpy's cov. anisotropy: 1 - the mean of scipy's pdist "cosine"."""
import json
import pathlib
import warnings

import numpy as np
import scipy
import scipy.stats
import skdim
from dadapy import Data
from dadapy._utils import utils
from scipy.optimize import brentq, minimize_scalar
from scipy.spatial.distance import pdist, squareform

import metric_data

warnings.filterwarnings("ignore")
OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/metrics/dimension.json"


def gride(x, n1):
    r = np.sort(squareform(pdist(x)), axis=1)[:, 1:]
    mus, n2 = r[:, 2 * n1 - 1] / r[:, n1 - 1], 2 * n1
    n = len(mus) + 1
    d = brentq(lambda d: utils._neg_dloglik_did(d, mus, n1, n2, n, 0.0), 1e-3, 1e3, xtol=1e-13, rtol=1e-14)

    def minus_log_density(d):
        return -np.sum(np.log(d) + (n2 - n1 - 1) * np.log(mus ** d - 1) - ((n2 - 1) * d + 1) * np.log(mus))
    direct = minimize_scalar(minus_log_density, bounds=(d / 2, d * 2), method="bounded", options={"xatol": 1e-9}).x
    assert abs(direct - d) < 1e-5 * d, (direct, d)
    return d, utils._fisher_info_scaling(d, mus, n1, n2, 0.0) ** -0.5


def twonn_rule(x, rule):
    r = np.sort(squareform(pdist(x)), axis=1)
    log_mu = np.sort(np.log(r[:, 2] / r[:, 1]))
    n, kept = len(x), int(len(x) * 0.9)
    i = np.arange(1, kept + 1)
    cdf = {"i/N": i / n, "(i-1)/N": (i - 1) / n, "i/(N+1)": i / (n + 1)}[rule]
    y = -np.log(1 - cdf)
    return np.linalg.lstsq(log_mu[:kept, None], y, rcond=None)[0][0]


def twonn_ml(x):
    r = np.sort(squareform(pdist(x)), axis=1)
    return (len(x) - 1) / np.log(r[:, 2] / r[:, 1]).sum()


def local_mle(x, k, divisor):
    r = np.sort(squareform(pdist(x)), axis=1)[:, 1:k + 1]
    return 1 / np.mean(np.log(r[:, -1:] / r[:, :-1]).sum(1) / divisor)


def close(library, exact):
    """The libraries take distances from a product of matrices, which blurs near-duplicates."""
    assert abs(library - exact) < 1e-6 * exact, (library, exact)


def spectral(x):
    l = np.linalg.eigvalsh(np.atleast_2d(np.cov(x.T)))
    s = l / l.sum()
    return l.sum() ** 2 / (l ** 2).sum(), np.exp(-(s * np.log(s)).sum()), l.sum() / l.max()


def values(x):
    n = len(x)
    data = Data(x)
    data.compute_distances(maxk=n - 1)
    one, two = skdim.id.TwoNN().fit(x).dimension_, twonn_rule(x, "i/N")
    three = data.compute_id_2NN(algorithm="base")[0]
    ml = twonn_ml(x)
    close(one, two)
    close(three, two)
    close(data.compute_id_2NN(algorithm="ml")[0], ml)
    mle = [local_mle(x, 10, divisor) for divisor in (9, 8)]
    close(skdim.id.MLE(K=10).fit(x, n_neighbors=10).dimension_, mle[0])
    close(skdim.id.MLE(K=10, unbiased=True).fit(x, n_neighbors=10).dimension_, mle[1])
    ratio, effective, stable = spectral(x)
    total = (n - 1) / ml
    return {
        "twonn": two,
        "twonn (i-1)/N": twonn_rule(x, "(i-1)/N"),
        "twonn i/(N+1)": twonn_rule(x, "i/(N+1)"),
        "twonn-mle": ml,
        "twonn-mle low": scipy.stats.chi2.ppf(0.025, 2 * n) / (2 * total),
        "twonn-mle high": scipy.stats.chi2.ppf(0.975, 2 * n) / (2 * total),
        "mle": mle[0],
        "mle unbiased": mle[1],
        "gride": [[n1, *gride(x, n1)] for n1 in (1, 2, 4, 8) if 2 * n1 <= n // 2],
        "participation-ratio": ratio,
        "effective-rank": effective,
        "stable-rank": stable,
        "anisotropy": 1 - pdist(x, "cosine").mean(),
    }


def main():
    cases = []
    for name, (dimension, x) in metric_data.clouds().items():
        x = x.astype(np.float32)
        got = values(x.astype(np.float64))
        cases.append({"name": name, "dimension": dimension, "x": metric_data.rows(x),
                      "values": {k: v if isinstance(v, list) else float(v) for k, v in got.items()}})
        print(name, {k: np.round(v, 3) for k, v in got.items()})
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "scikit-dimension": "0.5.0",
                "dadapy": "0.3.4"}
    OUT.write_text(json.dumps({"script": "tests/oracle/metric_dimension.py", "versions": versions,
                               "seed": 20240301, "cases": cases}, separators=(",", ":")) + "\n")


main()
