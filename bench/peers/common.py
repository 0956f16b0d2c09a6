"""What the peers share: prompts as token ids, runs that are timed, one JSON object on stdout."""

import json
import statistics
import sys
import time


def read_ids(path, limit=0):
    """One prompt a line, ids separated by spaces (what `mc tokenize --ids` prints); empty lines are passed over."""
    with open(path, "rb") as f:
        prompts = [[int(i) for i in line.split()] for line in f.read().split(b"\n") if line.strip()]
    if not prompts:
        sys.exit("%s: no prompts" % path)
    return prompts[:limit] if limit else prompts


def add_arguments(parser):
    parser.add_argument("model", help="a GGUF file (or, for transformers, a folder)")
    parser.add_argument("--ids", required=True, help="file of prompts: token ids separated by spaces, one prompt a line")
    parser.add_argument("--limit", type=int, default=0, help="take the first N prompts only")
    parser.add_argument("--threads", type=int, default=0, help="0: the number of cores")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each setting; the median counts")


def timed(run, repeat):
    seconds = []
    for _ in range(max(1, repeat)):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds), seconds


def row(setting, run, prompts, repeat):
    median, seconds = timed(run, repeat)
    tokens = sum(map(len, prompts))
    line = dict(setting, prompts=len(prompts), tokens=tokens, seconds=round(median, 4), runs=[round(s, 4) for s in seconds],
                tokens_per_second=round(tokens / median, 2))
    print("  %s: %.1f tokens/s" % (" ".join("%s=%s" % kv for kv in setting.items()), line["tokens_per_second"]), file=sys.stderr)
    return line


def report(peer, version, args, threads, load_seconds, rows):
    best = max(rows, key=lambda r: r["tokens_per_second"])
    print(json.dumps(dict(peer=peer, version=version, model=args.model, threads=threads, load_seconds=round(load_seconds, 3),
                          best=best, rows=rows)))
