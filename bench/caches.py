#!/usr/bin/env python3
"""What caching costs and what it saves, as ratios inside one run.

    bench/caches.py [MODEL] [--rounds 3] [-- OPTION...]

MODEL defaults to the demo model (scripts/fetch-demo.sh). Rounds are interleaved: a build without a cache, one that fills
an empty cache, one that finds everything in it. The cost of filling is told by processor time too, which holds on a
machine that others use. Then content hashes against reading the same files (bench_hash)."""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile

from measure import BUILD, ROOT, build


def run(model, folder, options):
    """Wall seconds, processor seconds, and the summary."""
    summary = build(model, folder / "bench.safetensors", *options, sharing=True)
    return summary["wall"], summary["processor"], summary


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    at = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args = parser.parse_args(sys.argv[1:at])
    args.options = sys.argv[at + 1:]
    fetch = [str(ROOT / "scripts/fetch-demo.sh"), str(BUILD / "demo")]
    model = args.model or subprocess.run(fetch, check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1]
    rows = {"without a cache": [], "filling a cache": [], "from the cache": []}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        os.environ["MODELCYPHER_HOME"] = str(folder / "home")
        run(model, folder, args.options)  # the content hash is remembered from here on
        for _ in range(args.rounds):
            shutil.rmtree(folder / "home/caches/activations", ignore_errors=True)
            rows["without a cache"].append(run(model, folder, args.options))
            for row in ("filling a cache", "from the cache"):
                rows[row].append(run(model, folder, [*args.options, "--cache-activations"]))
    base = [statistics.median(r[i] for r in rows["without a cache"]) for i in (0, 1)]
    print(f"{'crm-build':20s}{'seconds':>10s}{'ratio':>9s}{'processor':>12s}{'ratio':>9s}")
    for row, runs in rows.items():
        wall, spent = (statistics.median(r[i] for r in runs) for i in (0, 1))
        print(f"{row:20s}{wall:10.3f}{wall / base[0]:9.3f}{spent:12.3f}{spent / base[1]:9.3f}")
    cache = rows["filling a cache"][0][2]["cache"]
    print(f"{cache['states']} states, {cache['stored'] / 1e6:.1f} MB in the cache\n", flush=True)
    subprocess.run([str(BUILD / "bench_hash"), str(model)], check=True)


if __name__ == "__main__":
    sys.exit(main())
