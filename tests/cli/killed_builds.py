#!/usr/bin/env python3
"""Builds that are killed at random moments and then completed: the final file must be that of an undisturbed build.

    killed_builds.py --mc PROGRAM [--kills 200] [--seed 1] [--model FOLDER] [-- OPTION...]

Each round kills builds with --cache-activations (kill -9, or a polite SIGTERM) at random moments until one ends by
itself, compares the file byte by byte and looks for half files; between kills the cache is sometimes removed, wholly or in part, and damaged. A
round counts its kills; rounds go on until there are enough."""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

MODELS = pathlib.Path(__file__).resolve().parents[1] / "golden/models"


def start(args, folder, output, *options):
    environment = dict(os.environ, MODELCYPHER_HOME=str(folder / "home"), SOURCE_DATE_EPOCH="1700000000")
    return subprocess.Popen([args.mc, "--output-format", "json", "geometry", "crm-build", args.model, "--quiet", "-o",
                             folder / output, *args.options, *options], env=environment, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)


def finish(build):
    out, err = build.communicate()
    if build.returncode != 0:
        sys.exit(f"a build failed: {err.decode()}")
    return out.decode()


def disturb(chance, cache):
    """What people and disks do to caches: remove files, or change a byte."""
    for path in sorted(cache.glob("*")):
        luck = chance.random()
        if luck < 0.05:
            path.unlink()
        elif luck < 0.10 and path.stat().st_size > 0:
            with path.open("r+b") as file:
                file.seek(chance.randrange(path.stat().st_size))
                byte = file.read(1)
                file.seek(-1, os.SEEK_CUR)
                file.write(bytes([byte[0] ^ 1 << chance.randrange(8)]))


def check(folder, output):
    if output.read_bytes() != (folder / "plain.safetensors").read_bytes():
        sys.exit("a file under its final name differs from that of an undisturbed build")
    output.unlink()


def one_round(args, folder, chance, seconds):
    """Kill until a build ends; how many were killed, and whether the last one went on from a checkpoint."""
    output, kills, resumed = folder / "killed.safetensors", 0, 0
    subprocess.run(["rm", "-rf", folder / "home" / "caches" / "activations"], check=True)
    while True:
        build = start(args, folder, output.name, "--cache-activations")
        time.sleep(chance.random() * seconds)
        if chance.random() < 0.1:
            disturb(chance, folder / "home/caches/activations")  # while it runs
        build.send_signal(chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
        out, err = build.communicate()
        text = out.decode()
        if build.returncode == 0:
            break
        if build.returncode not in (-signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM):
            sys.exit(f"a build failed by itself: {err.decode()}")
        kills += 1
        if output.exists():  # killed behind its last step
            check(folder, output)
        if chance.random() < 0.3:
            disturb(chance, folder / "home/caches/activations")
        if kills % 7 == 0:  # let one come through
            text = finish(start(args, folder, output.name, "--cache-activations"))
            break
    resumed += '"resumedBehind":null' not in text.replace(" ", "")
    check(folder, output)
    left = [p.name for p in folder.iterdir() if p.name.endswith(".part")]
    if left:
        sys.exit(f"half files are left behind: {left}")
    return kills, resumed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", required=True)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", default=str(MODELS / "tiny-llama"))
    parser.add_argument("options", nargs="*", help="of crm-build, after --")
    args = parser.parse_args()
    chance = random.Random(args.seed)
    with tempfile.TemporaryDirectory() as name:
        folder, kills, rounds, resumed = pathlib.Path(name), 0, 0, 0
        began = time.perf_counter()
        finish(start(args, folder, "plain.safetensors"))
        seconds = time.perf_counter() - began
        while kills < args.kills:
            killed, went_on = one_round(args, folder, chance, seconds)
            kills, rounds, resumed = kills + killed, rounds + 1, resumed + went_on
    print(f"{kills} builds killed in {rounds} rounds, {resumed} completed from a checkpoint; every file as undisturbed")


main()
