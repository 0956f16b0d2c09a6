#!/usr/bin/env python3
"""The tables of docs/performance.md: time, memory and disk of whole builds, as Markdown.

    bench/guide.py batch|choices|models MODEL.gguf...

Memory and seconds over batch sizes, for each of the models (memory does not depend on how many blocks they have: see
bench/synthetic.py); or choices of layers, texts and pooling on the first; or the standard build on all. One text a
probe, so that each takes less than a minute."""

import pathlib
import sys
import tempfile

import measure

ONE = ("--texts-per-probe", 1)
BATCHES = (1, 8, 32, 128, 0)
CHOICES = {"everything": (), "`--layers 0..15`": ("--layers", "0..15"), "`--layers -4..-1`": ("--layers", "-4..-1"),
           "`--layers 0`": ("--layers", "0"), "`--atlas moral`": ("--atlas", "moral"), "`--pool mean`": ("--pool", "mean"),
           "`--pool all`": ("--pool", "all"), "`--control`": ("--control",), "`--no-split`": ("--no-split",)}


def built(model, folder, *options):
    return measure.build(model, pathlib.Path(folder) / "guide.crm.safetensors", *ONE, *options)


def batch(models, folder):
    print("| model | " + " | ".join("%d" % n if n else "default" for n in BATCHES) + " |\n|---" + "|---" * len(BATCHES) + "|")
    for model in models:
        runs = [built(model, folder, *(("--batch-size", n) if n else ())) for n in BATCHES]
        print("| %s | " % pathlib.Path(model).stem +
              " | ".join("%.0f MiB, %.1f s" % (r["anonymousMiB"], r["wall"]) for r in runs) + " |", flush=True)


def table(first, rows, folder):
    print("| %s | seconds | tokens/s | file, MiB | memory, MiB |\n|---|---|---|---|---|" % first)
    for name, model, options in rows:
        run = built(model, folder, *options)
        print("| %s | %.2f | %.0f | %.1f | %.0f |" % (name, run["wall"], run["rate"], run["outputSize"] / measure.MIB,
                                                    run["anonymousMiB"]), flush=True)


def choices(models, folder):
    table("build", [(name, models[0], options) for name, options in CHOICES.items()], folder)


def models(paths, folder):
    table("model", [(pathlib.Path(p).stem, p, ()) for p in paths], folder)


TABLES = {"batch": batch, "choices": choices, "models": models}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in TABLES:
        raise SystemExit(__doc__)
    print("Peak: %.0f GFLOP/s." % (measure.peak() / 1e9))
    with tempfile.TemporaryDirectory(dir=measure.BUILD) as folder:
        TABLES[sys.argv[1]](sys.argv[2:], folder)


if __name__ == "__main__":
    main()
