#!/usr/bin/env python3
"""Is a corrected p of .05 a twentieth, and is what is planted found as often as theory says?

    bench/null.py [--pairs 1000] [--permutations 199] [--probes 343] [--units 576] [--layers 4]

Independent pairs of stacks must give a corrected p below .05 in 3 to 7 % (1,000 pairs: 5 % give or take 1.4 at 95 %).
Planted structure y = c x + noise in 5 units and 100 probes: for isotropic data n times the squared covariance of the
standardised sides is a chi-square of 25 degrees of freedom, not central by n * 5 rho^2, rho = c / sqrt(1 + c^2), to
first order in rho; the power is what of it lies above the 95 % point of the central one (scipy). Exits with 1 when a
share is out of bounds (four standard errors, for the power plus 0.03 for what the first order leaves out).
"""
import argparse
import json
import pathlib
import subprocess
import sys

from scipy.stats import chi2, ncx2

PROGRAM = pathlib.Path(__file__).resolve().parents[1] / "build" / "bench_null"
PROBES, UNITS = 100, 5


def run(*arguments):
    return json.loads(subprocess.run([PROGRAM, *map(str, arguments)], check=True, stdout=subprocess.PIPE).stdout)


def power(c):
    rho2 = c * c / (1 + c * c)
    return float(ncx2.sf(chi2.ppf(0.95, UNITS ** 2), UNITS ** 2, PROBES * UNITS * rho2)) if c else 0.05


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("pairs", 1000), ("permutations", 199), ("probes", 343), ("units", 576), ("layers", 4)):
        parser.add_argument("--" + name, type=int, default=value)
    args = parser.parse_args()
    fine = True
    print(f"planted y = c x + noise, {PROBES} probes, {UNITS} units, {args.pairs} pairs each\n"
          f"{'c':>6s}{'found':>9s}{'theory':>9s}")
    for c in (0.0, 0.1, 0.15, 0.2, 0.3):
        got = run("planted", args.pairs, args.permutations, PROBES, UNITS, c)
        share, want = got["corrected"] / got["pairs"], power(c)
        fine &= abs(share - want) <= 4 * (want * (1 - want) / args.pairs) ** 0.5 + (0.03 if c else 0)
        print(f"{c:6.2f}{share:9.3f}{want:9.3f}", flush=True)
    got = run("independent", args.pairs, args.permutations, args.probes, args.units, args.layers)
    share = {k: got[k] / got["pairs"] for k in ("corrected", "mean", "single")}
    fine &= 0.03 <= share["corrected"] <= 0.07 or args.pairs < 1000
    print(f"\nindependent stacks of {args.layers} layers, {args.probes} probes, {args.units} units, {args.pairs} pairs\n"
          f"  corrected p < .05 for any pair of layers   {100 * share['corrected']:5.1f} %\n"
          f"  p < .05 of the mean over the correspondence{100 * share['mean']:5.1f} %\n"
          f"  uncorrected p < .05 of one pair of layers  {100 * share['single']:5.1f} %\n"
          f"  values from {got['least']:.4f} to {got['most']:.4f}")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
