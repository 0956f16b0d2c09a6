#!/usr/bin/env python3
"""One run, one table: our comparison and our estimators of dimension beside numpy, scipy, scikit-dimension and DADApy.

    bench/geometry.py [--layers 31] [--probes 343] [--units 576] [--metrics cka rsa ...] [--json FILE]

Run it with the oracle environment's Python (scripts/make-oracle-env.sh) after `ninja -C build bench_programs`. Data:
two stacks of layers with decaying spectra. The peers do the same work on the same data with all cores: numpy the whole
null of debiased CKA (the layers' centred Gram matrices as rows, one product a permutation) and the half-samples;
scikit-dimension and DADApy one estimate a layer, as ours without intervals and the curve; what those add is beside it. Long peers are
run for a part of the draws and scaled up; the table says for how many.
"""
import argparse
import json
import pathlib
import subprocess
import tempfile
import time
import warnings

import numpy as np
import scipy
import skdim
from dadapy import Data
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

warnings.filterwarnings("ignore")
BUILD = pathlib.Path(__file__).resolve().parents[1] / "build"
DRAWS = 1000


def stacks(args, rng):
    scale = 1 / np.sqrt(1 + np.arange(args.units))
    out = []
    for _ in range(2):
        x = rng.normal(size=(args.probes, args.units)) * scale
        side = []
        for _ in range(args.layers):
            x = 0.9 * x + np.sqrt(0.19) * rng.normal(size=x.shape) * scale
            turn, _ = np.linalg.qr(rng.normal(size=(args.units, args.units)))
            side.append((x @ turn).astype(np.float32))
        out.append(side)
    return out


def timed(work, share=1.0, rounds=1):
    best = np.inf
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best / share


def u_centred(x):
    x = x.astype(np.float64) - x.mean(0, dtype=np.float64)
    k = x @ x.T
    n = len(k)
    np.fill_diagonal(k, 0)
    r = k.sum(1)
    k += r.sum() / ((n - 1) * (n - 2)) - (r[:, None] + r[None]) / (n - 2)
    np.fill_diagonal(k, 0)
    return k / np.linalg.norm(k)


def numpy_null(a, b, rng, draws):
    ua = np.array([u_centred(x).ravel() for x in a], dtype=np.float32)
    ub = np.array([u_centred(x) for x in b], dtype=np.float32)
    for _ in range(draws):
        order = rng.permutation(ub.shape[1])
        np.matmul(ua, ub[:, order][:, :, order].reshape(len(b), -1).T)


def numpy_halves(a, b, rng, draws):
    n = len(a[0])
    for _ in range(draws):
        rows = rng.permutation(n)[:n // 2]
        for x, y in zip(a, b):
            np.sum(u_centred(x[rows]) * u_centred(y[rows]))


def scipy_rsa(a, b, rng, draws):
    def ranks(x):
        r = rankdata(pdist(x - x.mean(0), "cosine"))
        return (r - r.mean()) / np.linalg.norm(r - r.mean())
    np.array([ranks(x) for x in a]) @ np.array([ranks(x) for x in b]).T
    n = len(a[0])
    for _ in range(draws):
        rows = rng.permutation(n)[:n // 2]
        for x, y in zip(a, b):
            ranks(x[rows]) @ ranks(y[rows])


def dadapy(x, call):
    data = Data(x)
    data.compute_distances(maxk=100)
    call(data)


def spectrum(x):
    x = x - x.mean(0)
    l = np.linalg.eigvalsh(x @ x.T)  # the smaller side: its values are those of the covariance, times n - 1
    return l[l > 1e-14 * l.max()]


def effective_rank(x):
    s = spectrum(x)
    s = s / s.sum()
    return np.exp(-(s * np.log(s)).sum())


PEERS = {
    "twonn": ("scikit-dimension", lambda x: skdim.id.TwoNN().fit(x)),
    "twonn-mle": ("DADApy", lambda x: dadapy(x, lambda d: d.compute_id_2NN(algorithm="ml"))),
    "mle": ("scikit-dimension", lambda x: skdim.id.MLE(K=10).fit(x, n_neighbors=10)),
    "gride": ("DADApy", lambda x: dadapy(x, lambda d: d.return_id_scaling_gride(range_max=64))),
    "participation-ratio": ("numpy", lambda x: (lambda l: l.sum() ** 2 / (l ** 2).sum())(spectrum(x))),
    "effective-rank": ("numpy", effective_rank),
    "stable-rank": ("numpy", lambda x: (lambda l: l.sum() / l.max())(spectrum(x))),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("layers", 31), ("probes", 343), ("units", 576)):
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--metrics", nargs="*", default=[], help="comparisons to time (all)")
    parser.add_argument("--json", default=str(BUILD / "bench_geometry.json"))
    args = parser.parse_args()
    rng = np.random.default_rng(20240601)
    a, b = stacks(args, rng)
    with tempfile.NamedTemporaryFile() as file:
        np.concatenate([np.stack(a), np.stack(b)]).tofile(file.name)
        command = [BUILD / "bench_geometry", file.name, args.layers, args.probes, args.units, *args.metrics]
        ours = json.loads(subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE).stdout)
    part = 20
    peers = {
        "cka null": timed(lambda: numpy_null(a, b, rng, part), part / DRAWS),
        "cka halves": timed(lambda: numpy_halves(a, b, rng, part), part / DRAWS),
        "rsa halves": timed(lambda: scipy_rsa(a, b, rng, 2), 2 / DRAWS),
    }
    dimension = {name: timed(lambda run=run: [run(x.astype(np.float64)) for x in a]) for name, (_, run) in PEERS.items()}
    pathlib.Path(args.json).write_text(json.dumps(dict(ours=ours, peers=peers, dimension=dimension), indent=1) + "\n")
    print(f"{args.layers} x {args.probes} x {args.units}, {ours['threads']} threads, {ours['arithmetic']}")
    print(f"Gram matrices: {ours['gramFlopPerSecond'] / 1e9:.1f} GFLOP/s double, {100 * ours['gramShare']:.0f} % of peak\n")
    print(f"{'1,000 permutations, 1,000 halves':28s}{'values':>9s}{'null':>9s}{'halves':>9s}{'all, s':>9s}")
    for name, row in ours["compare"].items():
        print(f"{name:28s}" + "".join(f"{row[k]:9.3f}" for k in ("values", "null", "halves", "all")))
    print(f"\n{'peer, scaled to 1,000':28s}{'s':>9s}{'ours is':>10s}")
    for name, seconds in peers.items():
        metric, what = name.split()
        if metric not in ours["compare"]:
            continue
        print(f"{'numpy, scipy: ' + name:28s}{seconds:9.2f}{seconds / ours['compare'][metric][what]:9.1f}x")
    print(f"\n{'dimension, all layers':28s}{'s':>9s}  {'peer':18s}{'s':>9s}{'ours is':>10s}{'with interval and curve':>26s}")
    for name, took in ours["dimension"].items():
        print(f"{name:28s}{took['values']:9.3f}  {PEERS[name][0]:18s}{dimension[name]:9.3f}"
              f"{dimension[name] / took['values']:9.1f}x{took['all']:26.3f}")
    print(f"numpy {np.__version__}, scipy {scipy.__version__}, scikit-dimension 0.5.0, DADApy 0.3.4")


if __name__ == "__main__":
    main()
