"""Data sets of the metric oracles: seeded, small, float32, written into the golden file itself so
that the tests need nothing else."""
import numpy as np


def rows(matrix):
    """A float32 matrix as lists whose decimal text reads back to the same float32."""
    return [[float(str(v)) for v in row] for row in matrix.astype(np.float32)]


def pairs(seed=20240229):
    rng = np.random.default_rng(seed)
    out = {}

    def f(a):
        return a.astype(np.float32)

    x = rng.normal(size=(60, 8))
    out["narrow, half shared"] = (f(x), f(x[:, :5] @ rng.normal(size=(5, 6)) + rng.normal(size=(60, 6))))
    x = rng.normal(size=(40, 70)) / (1 + np.arange(70))
    out["wide, decaying spectrum"] = (f(x + 3), f(x[:, :50] @ rng.normal(size=(50, 45)) * 0.3 - 1))
    x, y = rng.normal(size=(50, 12)), rng.normal(size=(50, 9))
    x[:, 3] *= 400
    y[:4] *= 30
    out["massive unit against large probes"] = (f(x), f(y))
    out["independent, as many units as probes"] = (f(rng.normal(size=(48, 48))), f(rng.normal(size=(48, 48))))
    x = rng.normal(size=(44, 10))
    out["large common offset"] = (f(x + 1000), f(np.tanh(x) + 500))
    return out


def clouds(seed=20240301):
    rng = np.random.default_rng(seed)

    def ball(n, d):
        g = rng.normal(size=(n, d))
        return g / np.linalg.norm(g, axis=1, keepdims=True) * rng.uniform(size=(n, 1)) ** (1 / d)

    def sphere(n, d):
        g = rng.normal(size=(n, d + 1))
        return g / np.linalg.norm(g, axis=1, keepdims=True)

    t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=343))
    roll = np.stack([t * np.cos(t), 21 * rng.uniform(size=343), t * np.sin(t)], axis=1)
    near = ball(80, 3)
    near[40] = near[11] * (1 + 1e-6)
    return {
        "ball of dimension 2": (2, ball(343, 2)),
        "ball of dimension 5": (5, ball(343, 5)),
        "ball of dimension 10": (10, ball(343, 10)),
        "normal of dimension 4": (4, rng.normal(size=(343, 4))),
        "swiss roll": (2, roll),
        "sphere of dimension 3": (3, sphere(343, 3)),
        "ball with two near-duplicates": (3, near),
    }
