#!/usr/bin/env python3
"""Golden values of the two-operand metrics, from numpy, scipy and torch in the form in which the
papers or their published code write them (never from our own code).

Conventions: X and Y centred by column, double. cka: Song et al. 2012 eq. 5 with explicit traces.
cka-rbf: sigma = 0.5 of the median of scipy's pdist. mutual-knn, cknna: the authors' code (torch),
on L2-normalised centred rows, k = 10, without the 1e-6 in cknna's denominator. rsa: scipy's
spearmanr of pdist "cosine". procrustes: scipy.linalg.orthogonal_procrustes after zero-padding.
cca family: QR and SVD (Bjorck & Golub 1973); held-out: PCA by SVD of the training rows, five
folds (row index modulo 5), at most a quarter of the training rows' degrees of freedom."""
import json
import pathlib

import numpy as np
import scipy
import scipy.linalg
import torch
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

import metric_data

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden/metrics/similarity.json"
K = 10
FOLDS = 5


def centred(x):
    x = x.astype(np.float64)
    return x - x.mean(0)


def hsic1(k, l):
    n = len(k)
    k, l, one = k - np.diag(np.diag(k)), l - np.diag(np.diag(l)), np.ones(len(k))
    return (np.trace(k @ l) + (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
            - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))


def normalised(hsic, k, l):
    return hsic(k, l) / np.sqrt(hsic(k, k) * hsic(l, l))


def biased(k, l):
    h = np.eye(len(k)) - 1 / len(k)
    return np.trace(k @ h @ l @ h)


def rbf(x):
    d = pdist(x)
    return np.exp(-squareform(d) ** 2 / (2 * (0.5 * np.median(d)) ** 2))


def topk_mask(kernel, k):
    kernel = kernel.clone().fill_diagonal_(float("-inf"))
    index = torch.topk(kernel, k, dim=1)[1]
    return torch.zeros_like(kernel).fill_diagonal_(0).scatter_(1, index, 1)


def unit(x):
    return torch.nn.functional.normalize(torch.from_numpy(x), dim=-1)


def mutual_knn(x, y):
    a, b = unit(x), unit(y)
    return float((topk_mask(a @ a.T, K) * topk_mask(b @ b.T, K)).sum(1).mean() / K)


def hsic_unbiased(k, l):
    m = k.shape[0]
    k, l = k.clone().fill_diagonal_(0), l.clone().fill_diagonal_(0)
    return ((k * l.T).sum() + k.sum() * l.sum() / ((m - 1) * (m - 2))
            - 2 * torch.mm(k, l).sum() / (m - 2)) / (m * (m - 3))


def cknna(x, y):
    k, l = unit(x) @ unit(x).T, unit(y) @ unit(y).T
    mk, ml = topk_mask(k, K), topk_mask(l, K)

    def similarity(a, b, mask):
        return hsic_unbiased(mask * a, mask * b)
    return float(similarity(k, l, mk * ml) / torch.sqrt(similarity(k, k, mk) * similarity(l, l, ml)))


def procrustes(x, y):
    x, y = x / np.linalg.norm(x), y / np.linalg.norm(y)
    p = max(x.shape[1], y.shape[1])
    x, y = (np.pad(z, ((0, 0), (0, p - z.shape[1]))) for z in (x, y))
    turn, _ = scipy.linalg.orthogonal_procrustes(y, x)
    return np.linalg.norm(x - y @ turn)


def basis(x, share):
    u, s, _ = np.linalg.svd(x, full_matrices=False)
    rank = int((s > 1e-6 * s[0]).sum())
    if share < 1:
        rank = int(np.searchsorted(np.cumsum(s ** 2) / np.sum(s ** 2), share) + 1)
    return u[:, :rank], s[:rank]


def weights(variates, x):
    return np.abs(variates.T @ x).sum(1)


def cca(x, y, share=1.0, projection=False):
    n = len(x)
    (u, _), (v, _) = basis(x, share), basis(y, share)
    if u.shape[1] + v.shape[1] > n - 1:
        return held_out(x, y, share, projection), "held-out"
    a, r, b = np.linalg.svd(u.T @ v, full_matrices=False)
    w = np.ones_like(r)
    if projection:
        w = weights(u @ a, x) if u.shape[1] <= v.shape[1] else weights(v @ b.T, y)
    return float((w * r).sum() / w.sum()), "in-sample"


def fold_basis(x, train, test, share):
    mean = x[train].mean(0)
    u, s, vt = np.linalg.svd(x[train] - mean, full_matrices=False)
    rank = int((s > 1e-6 * s[0]).sum())
    rank = min(rank, len(train) - 1)
    if share < 1:
        rank = min(rank, int(np.searchsorted(np.cumsum(s[:rank] ** 2) / np.sum(s[:rank] ** 2), share) + 1))
    rank = min(rank, (len(train) - 1) // 4)
    return u[:, :rank], (x[test] - mean) @ vt[:rank].T / s[:rank], x[train] - mean


def held_out(x, y, share, projection):
    index, total = np.arange(len(x)), 0
    for fold in range(FOLDS):
        train, test = index[index % FOLDS != fold], index[index % FOLDS == fold]
        u, tu, cx = fold_basis(x, train, test, share)
        v, tv, cy = fold_basis(y, train, test, share)
        a, _, b = np.linalg.svd(u.T @ v, full_matrices=False)
        p, q = tu @ a, tv @ b.T
        r = np.array([np.corrcoef(p[:, i], q[:, i])[0, 1] for i in range(p.shape[1])])
        w = np.ones_like(r)
        if projection:
            w = weights(u @ a, cx) if u.shape[1] <= v.shape[1] else weights(v @ b.T, cy)
        total += (w * r).sum() / w.sum() / FOLDS
    return float(total)


def values(x, y):
    x, y = centred(x), centred(y)
    k, l = x @ x.T, y @ y.T
    return {
        "cka": normalised(hsic1, k, l),
        "cka-biased": normalised(biased, k, l),
        "cka-rbf": normalised(hsic1, rbf(x), rbf(y)),
        "mutual-knn": mutual_knn(x, y),
        "cknna": cknna(x, y),
        "rsa": spearmanr(pdist(x, "cosine"), pdist(y, "cosine")).statistic,
        "procrustes": procrustes(x, y),
        "cca": cca(x, y)[0],
        "svcca": cca(x, y, share=0.99)[0],
        "pwcca": cca(x, y, projection=True)[0],
    }


def main():
    cases = [{"name": name, "x": metric_data.rows(x), "y": metric_data.rows(y),
              "values": {k: float(v) for k, v in values(x, y).items()}}
             for name, (x, y) in metric_data.pairs().items()]
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "torch": torch.__version__}
    OUT.write_text(json.dumps({"script": "tests/oracle/metric_similarity.py", "versions": versions,
                               "seed": 20240229, "cases": cases}, separators=(",", ":")) + "\n")
    for case in cases:
        print(case["name"], {k: round(v, 4) for k, v in case["values"].items()})


main()
