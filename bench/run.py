#!/usr/bin/env python3
"""One run, one table: the machine's peak, our whole crm-build, and the peers on the same texts, as ratios.

    bench/run.py [MODEL] [--rounds 3] [--limit N] [--threads N] [--json FILE] [--no-peers]

MODEL defaults to the demo model (scripts/fetch-demo.sh). Ours is the whole program, from command to written file,
with sharing of common beginnings off, so that everybody computes the same tokens; rounds are interleaved with readings of
the float32 fused multiply-add peak of all cores. Peers run where the oracle environment (scripts/make-oracle-env.sh)
exists: transformers one by one and in length-sorted batches, llama.cpp one by one and packed. --limit takes every
peer's first N prompts (they are slow); rates are tokens a second of what each one ran.
"""

import argparse
import json
import lzma
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
VENV = ROOT / ".venv-oracle" / "bin" / "python"


def output_of(command):
    return subprocess.run([str(c) for c in command], check=True, stdout=subprocess.PIPE).stdout.decode()


def peak(threads):
    return json.loads(output_of([BUILD / "bench_peak", threads or 0]))


def ours(model, threads, folder):
    command = [BUILD / "mc", "--output-format", "json", "geometry", "crm-build", model, "--no-prefix-sharing",
               "--output", folder / "bench.crm.safetensors"]
    if threads:
        command += ["--threads", threads]
    start = time.perf_counter()
    result = json.loads(output_of(command))
    result["wall"] = time.perf_counter() - start
    return result


def prompts_of(model, folder):
    """The atlas's texts as token ids, one prompt a line, in the order in which they lie in the file."""
    atlas = json.loads(output_of([BUILD / "mc", "--output-format", "json", "geometry", "atlas", "list", "--probes"]))
    lines = []
    for probe in atlas["probes"]:
        shown = json.loads(output_of([BUILD / "mc", "--output-format", "json", "geometry", "atlas", "show", probe["id"]]))
        lines += shown["texts"]
    texts, ids = folder / "texts.txt", folder / "ids.txt"
    texts.write_text("".join(line + "\n" for line in lines))
    ids.write_text(output_of([BUILD / "mc", "tokenize", model, "--file", texts, "--ids"]))
    return ids


def tokenizers(folder):
    """Seconds to open each of the three real tokenizer.json files (kept compressed in tests/data)."""
    paths = []
    for packed in sorted((ROOT / "tests" / "data" / "tokenizers").glob("*/tokenizer.json.xz")):
        out = folder / packed.parent.name / "tokenizer.json"
        out.parent.mkdir()
        out.write_bytes(lzma.decompress(packed.read_bytes()))
        paths.append(out)
    return output_of([BUILD / "bench_tokenizer", *paths]).replace(str(folder) + "/", "")


def peer(script, model, ids, args, extra):
    command = [VENV, ROOT / "bench" / "peers" / script, model, "--ids", ids, "--limit", args.limit,
               "--threads", args.threads or len(os.sched_getaffinity(0))] + extra
    return json.loads(output_of(command))


def measure_peers(model, args, folder):
    if args.no_peers or not VENV.exists():
        return []
    ids = prompts_of(model, folder)
    return [peer("transformers_peer.py", model, ids, args, ["--batches", "1,32,64,128,256"]),
            peer("llamacpp_peer.py", model, ids, args, [])]


def rows_of(result):
    for p in result["peers"]:
        for row in p["rows"]:
            setting = " ".join(f"{k} {row[k]}" for k in ("mode", "batch", "attention", "batch_tokens", "cache") if k in row)
            yield f"{p['peer']} {p['version'].split()[-1]}, {setting}", row["tokens_per_second"]


def show(result):
    best = result["ours"]
    print(f"{result['model']}: {best['texts']} texts, {best['tokensComputed']} tokens; {result['tier']}, "
          f"{result['threads']} threads")
    print(f"  peak, float32 fused multiply-add   {result['peak'] / 1e9:8.1f} GFLOP/s")
    print(f"  whole crm-build, command to file   {result['gflops']:8.1f} GFLOP/s   {100 * result['share']:5.1f} % of peak")
    print(f"\n{'':58s}{'tokens/s':>10s}{'ours is':>10s}")
    print(f"{'mc, whole program':58s}{result['tokensPerSecond']:10.1f}")
    for name, rate in rows_of(result):
        print(f"{name:58s}{rate:10.1f}{result['tokensPerSecond'] / rate:9.2f}x")
    print("\ntokenizers, opened:\n" + result["tokenizers"], end="")
    if not result["peers"]:
        print("(no peers: make the oracle environment with scripts/make-oracle-env.sh)")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", default=str(BUILD / "bench.json"))
    parser.add_argument("--no-peers", action="store_true")
    args = parser.parse_args()
    model = args.model or output_of([ROOT / "scripts" / "fetch-demo.sh", BUILD / "demo"]).strip().splitlines()[-1]
    with tempfile.TemporaryDirectory() as name:
        folder, peaks, runs = pathlib.Path(name), [], []
        for _ in range(args.rounds):
            peaks.append(peak(args.threads))
            runs.append(ours(model, args.threads, folder))
        peaks.append(peak(args.threads))
        opening = tokenizers(folder)
        peers = measure_peers(model, args, folder)
    runs.sort(key=lambda r: r["wall"])
    middle = runs[len(runs) // 2]
    top = statistics.median(p["flopPerSecond"] for p in peaks)
    result = dict(model=middle["model"], tier=peaks[0]["tier"], threads=peaks[0]["threads"], peak=top, ours=middle,
                  walls=[r["wall"] for r in runs], gflops=middle["flop"] / middle["wall"] / 1e9,
                  share=middle["flop"] / middle["wall"] / top, tokensPerSecond=middle["tokensComputed"] / middle["wall"],
                  tokenizers=opening, peers=peers)
    pathlib.Path(args.json).write_text(json.dumps(result, indent=1) + "\n")
    show(result)


if __name__ == "__main__":
    sys.exit(main())
