#!/usr/bin/env python3
"""One run, one table, one JSON: what the program reaches on this machine, beside its peak, its disk and its peers.

    bench/run.py [MODEL] [--full] [--only SECTIONS] [--resume] [--rounds N] [--threads N] [--limit N] [--json FILE] [--no-peers]

MODEL defaults to the demo model (scripts/fetch-demo.sh). Ours is the whole program, from command to written file; rounds are
interleaved with readings of the float32 fused multiply-add peak of all cores, and medians count. Without --full some
minutes; with it all shapes and weight types, long texts, a model of 13 GB and every setting of the peers: half an hour.

The JSON is written after every section; --resume takes what a run that was stopped has, and does the rest. Everything else
lies in build/bench-work while it runs. Peers run where the oracle environment (scripts/make-oracle-env.sh) exists;
--limit takes their first N texts.
"""

import argparse
import fcntl
import json
import os
import pathlib
import shutil
import signal
import sys
import textwrap
import time

import goals
from measure import BUILD
from sections import SECTIONS, Bench

SCHEMA = "mc.bench.v1"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(SECTIONS), help="any of " + ",".join(SECTIONS))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rounds", type=int, default=0, help="0: 3 with --full, else 1")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", type=pathlib.Path, default=BUILD / "bench.json")
    parser.add_argument("--no-peers", action="store_true")
    args = parser.parse_args()
    args.rounds = args.rounds or (3 if args.full else 1)
    args.only = [s for s in args.only.split(",") if s != "peers" or not args.no_peers]
    if not set(args.only) <= set(SECTIONS):
        parser.error("--only takes some of " + ",".join(SECTIONS))
    return args


def work_folder():
    """An empty folder that no other bench uses; what a killed one left there goes. With the lock that holds it."""
    folder = BUILD / "bench-work"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit("another bench is running in %s" % folder)
    empty(folder)
    return folder, lock


def empty(folder):
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def earlier(args):
    if not args.resume or not args.json.exists():
        return dict(schema=SCHEMA, full=args.full, rounds=args.rounds)
    found = json.loads(args.json.read_text())
    if found.get("schema") != SCHEMA or found["full"] != args.full:
        raise SystemExit("%s is of another kind of run; leave --resume out" % args.json)
    return found


def save(path, result):
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(result, indent=1) + "\n")
    part.replace(path)


def run_sections(b, args, result):
    for name in args.only:
        if name in result:
            continue
        title = "%s: %s" % (name, " ".join(SECTIONS[name].__doc__.split()))
        print("\n" + textwrap.fill(title, 120, subsequent_indent="  "))
        began = time.perf_counter()
        result[name] = SECTIONS[name](b)
        result.setdefault("took", {})[name] = time.perf_counter() - began
        result["time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        result["goals"] = goals.judge(result)
        save(args.json, result)


def main():
    args = arguments()
    if not (BUILD / "bench_peak").exists():
        raise SystemExit("the programs of the bench are not built: make bench, or cmake --build --preset release --target bench_programs")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.stdout.reconfigure(line_buffering=True)
    folder, _ = work_folder()
    os.environ["MODELCYPHER_HOME"] = str(folder / "home")
    result = earlier(args)
    try:
        run_sections(Bench(args, folder), args, result)
    finally:
        shutil.rmtree(folder)
    print("\nwhat must be reached (%s; %.0f s in all)" % (args.json, sum(result["took"].values())))
    goals.show(result["goals"])


if __name__ == "__main__":
    sys.exit(main())
