#!/usr/bin/env python3
"""Compare `mc` with transformers on the demo model: every token row of every state of 48 texts.

    tests/oracle/compare_demo.py [--mc build/mc] [--gguf FILE] [--work FOLDER] [--only gguf|folder]

Builds a capture with `mc geometry crm-build MODEL --texts FILE --pool all --layers all` from the GGUF and from a
float32 folder that this script exports from it, and compares token ids (equal to Hugging Face `tokenizers`) and states
(relative L2 of every row at most 1e-5) with transformers in float32 on the same dequantised weights. Prints the worst
row of each state; exits with 1 where a bound does not hold.
"""

import argparse
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np
import safetensors.numpy

import demo_model
from make_tokenizer_golden import of_gguf
from states import row_error, states_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEXTS = pathlib.Path(__file__).with_name("demo_texts.txt")
BOUND = 1e-5


def build(mc, model, output):
    command = [mc, "geometry", "crm-build", str(model), "--texts", str(TEXTS), "--pool", "all", "--layers", "all",
               "--output", str(output)]
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit("%s: exit %d" % (" ".join(command), done.returncode))
    return safetensors.numpy.load_file(output)


def same_ids(crm, prompts, lines):
    cuts = crm["text_offsets"]
    if len(cuts) != len(prompts) + 1:
        print("  %d texts captured, %d expected" % (len(cuts) - 1, len(prompts)))
        return False
    good = True
    for i, (ids, line) in enumerate(zip(prompts, lines)):
        got = crm["token_ids"][cuts[i]:cuts[i + 1]].tolist()
        if got != ids:
            print("  text %d %r: ids %s, expected %s" % (i, line[:40], got[:12], ids[:12]))
            good = False
    return good


def compare(label, crm, prompts, lines, states):
    print("%s: %d texts, %d tokens" % (label, len(prompts), states.shape[1]))
    if not same_ids(crm, prompts, lines):
        return False
    where = [(t, p) for t, ids in enumerate(prompts) for p in range(len(ids))]
    worst = 0.0
    for k, want in enumerate(states):
        name = "state.%d" % k if k < len(states) - 1 else "final"
        if name not in crm or crm[name].shape != want.shape:
            print("  %s: missing or of another shape" % name)
            return False
        error = row_error(crm[name], want)
        error[~np.isfinite(error)] = np.inf
        row = int(error.argmax())
        worst = max(worst, error[row])
        print("  %-9s worst row %.2e (text %d, token %d)  median %.1e" % (name, error[row], *where[row], np.median(error)))
    print("  worst of all %.2e, bound %.0e: %s" % (worst, BOUND, "holds" if worst <= BOUND else "DOES NOT HOLD"))
    return worst <= BOUND


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", default=str(ROOT / "build" / "mc"))
    parser.add_argument("--gguf", type=pathlib.Path, default=ROOT / "build" / "demo" / "SmolLM2-135M-Instruct.Q4_1.gguf")
    parser.add_argument("--work", type=pathlib.Path, default=ROOT / "build" / "compare-demo")
    parser.add_argument("--only", choices=("gguf", "folder"))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    model, tokenizer = demo_model.load(args.gguf), of_gguf(str(args.gguf))
    lines = TEXTS.read_bytes().decode().split("\n")[:-1]
    prompts = [tokenizer.encode(line).ids for line in lines]
    states = np.concatenate([states_of(model, ids) for ids in prompts], axis=1)
    good = True
    if args.only != "folder":
        good &= compare("GGUF", build(args.mc, args.gguf, args.work / "gguf.safetensors"), prompts, lines, states)
    if args.only != "gguf":
        folder = args.work / "smollm2-f32"
        demo_model.export(model, tokenizer, folder)
        good &= compare("folder", build(args.mc, folder, args.work / "folder.safetensors"), prompts, lines, states)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
