#!/usr/bin/env python3
"""What `mc model probe` foretells of a build against what then happens, as ratios.

  forecast.py MC MODEL [OPTIONS...]     each OPTIONS is one string, e.g. "--layers 0..6 --control"

Memory is the process's peak (VmHWM). Run it on a machine that does nothing else: seconds are
foretold for the load of the moment."""
import json
import pathlib
import subprocess
import sys
import tempfile

mc, model, *variants = sys.argv[1:]


def answer(*words):
    done = subprocess.run([mc, *words, "--ai"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


print("ratios, foretold / happened\nflop   memory  output  seconds  (happened)  options")
for options in variants or ["--layers all"]:
    with tempfile.TemporaryDirectory() as folder:
        words = ["--output", str(pathlib.Path(folder) / "a.crm.safetensors"), *options.split()]
        told = answer("model", "probe", model, *words)["forecast"]
        done = answer("geometry", "crm-build", model, *words)
    ratios = (told["flop"] / done["flop"] if done["flop"] else 1.0,
              told["memory"] / done["peakMemory"], told["outputSize"] / done["outputSize"],
              told["seconds"]["total"] / done["seconds"]["total"])
    print("{:.3f}  {:.3f}   {:.3f}   {:.3f}".format(*ratios),
          f"    {done['seconds']['total']:8.2f} s  {options}", flush=True)
