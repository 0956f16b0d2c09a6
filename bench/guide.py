#!/usr/bin/env python3
"""The tables of docs/performance.md: time, memory and disk of whole builds, as Markdown.

    bench/guide.py batch|choices|models MODEL.gguf...

Batch sizes, or choices of layers, texts and pooling, on the first model; or the standard build on all of them (see
bench/synthetic.py). One text a probe, so that each takes less than a minute."""

import pathlib
import sys
import tempfile

import measure

ONE = ("--texts-per-probe", 1)
CHOICES = {"everything": (), "`--layers 0..15`": ("--layers", "0..15"), "`--layers -4..-1`": ("--layers", "-4..-1"),
           "`--layers 0`": ("--layers", "0"), "`--atlas moral`": ("--atlas", "moral"), "`--pool mean`": ("--pool", "mean"),
           "`--control`": ("--control",)}


def row(name, run):
    print("| %s | %.2f | %.0f | %.1f | %.0f |" % (name, run["wall"], run["tokensComputed"] / run["wall"],
                                                run["outputSize"] / measure.MIB, run["anonymous"]))


def table(first, rows, folder):
    print("\n| %s | seconds | tokens/s | file, MiB | memory, MiB |\n|---|---|---|---|---|" % first)
    for name, model, options in rows:
        row(name, measure.build(model, folder, *ONE, *options))


def rows_of(what, models):
    if what == "batch":
        return [(str(n) if n else "default", models[0], ("--batch-size", n) if n else ()) for n in (1, 8, 32, 128, 0)]
    if what == "choices":
        return [(name, models[0], options) for name, options in CHOICES.items()]
    return [(pathlib.Path(m).stem, m, ()) for m in models]


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("batch", "choices", "models"):
        raise SystemExit(__doc__)
    print("Peak: %.0f GFLOP/s." % (measure.peak() / 1e9))
    with tempfile.TemporaryDirectory() as folder:
        table(sys.argv[1], rows_of(sys.argv[1], sys.argv[2:]), pathlib.Path(folder))


if __name__ == "__main__":
    main()
