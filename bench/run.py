#!/usr/bin/env python3
"""One run, one table, one JSON: the machine's peak, our whole program for models and weight types, what it needs, its peers.

    bench/run.py [MODEL] [--full] [--only SECTIONS] [--rounds N] [--threads N] [--limit N] [--json FILE] [--no-peers]

MODEL defaults to the demo model (scripts/fetch-demo.sh). Ours is the whole program, from command to written file, with
sharing of common beginnings off, so that everybody computes the same tokens; rounds are interleaved with readings of the
float32 fused multiply-add peak of all cores, and medians count. Without --full some minutes; with it all shapes and
weight types, long texts up to 32,768 tokens, and about an hour. Sections: shares, phases, threads, long, scaling,
memory, commands, tokenizers, peers. Peers run where the oracle environment (scripts/make-oracle-env.sh) exists:
transformers one by one and in length-sorted batches, llama.cpp one by one and packed; --limit takes their first N prompts.
"""

import argparse
import json
import lzma
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import plot
import synthetic
from measure import BUILD, MIB, ROOT, build, fastest, interleaved, output_of, peak, phases, sampled, tiers

VENV = ROOT / ".venv-oracle" / "bin" / "python"
TYPES = ("F32", "BF16", "Q8_0", "Q4_1", "Q4_K")
BLOCKS = {"135M": 30, "0.5B": 12, "7B": 2}  # of the synthetic models: enough that a pass counts, little enough to write
ELEMENTWISE = ("attention", "norm", "rope", "activate", "add", "mul", "scale", "scale far", "clip", "position", "embed")


class Bench:
    def __init__(self, args, model, folder):
        self.args, self.model, self.folder, self.tiers = args, model, folder, tiers()

    def synthetic(self, shape, kind):
        path = self.folder / ("%s.%s.gguf" % (shape, kind))
        synthetic.write(path, shape, kind, pathlib.Path(self.demo()), BLOCKS[shape])
        return path

    def demo(self):
        return output_of([ROOT / "scripts" / "fetch-demo.sh", BUILD / "demo"]).strip().splitlines()[-1]

    def texts(self, count, words):
        """A file of `count` texts of about `words` tokens, all different."""
        path = self.folder / "texts.txt"
        lines = (ROOT / "tests" / "oracle" / "demo_texts.txt").read_text().split()
        path.write_text("".join("%d %s\n" % (i, " ".join(lines[(i * 37 + j) % len(lines)] for j in range(words)))
                                for i in range(count)))
        return path


# ---- sections: each returns what goes into the JSON ----

def shares(b):
    """Whole crm-build against the peak."""
    full, rows = b.args.full, []
    cases = [("demo", None, [] if full else ["--texts-per-probe", "2"])]
    cases += [(shape, kind, ["--texts-per-probe", "1"]) for shape in BLOCKS for kind in TYPES
              if full or (shape, kind) in (("0.5B", "Q8_0"), ("7B", "BF16"))]
    for shape, kind, options in cases:
        model = b.synthetic(shape, kind) if kind else b.model
        for tier in b.tiers if full or not kind else b.tiers[:1]:
            row = interleaved(lambda: build(model, b.folder, *options, threads=b.args.threads, tier=tier), b.args.rounds,
                              b.args.threads, tier)
            rows.append(dict(row, shape=shape, type=kind or "as it is", blocks=BLOCKS.get(shape)))
            show_share(rows[-1])
        if kind:
            model.unlink()
    return rows


def show_share(r):
    name = "%s, %s%s" % (r["shape"], r["type"], ", %d blocks" % r["blocks"] if r["blocks"] else "")
    print("  %-24s %-12s %6d tokens %7.1f tokens/s %6.1f GFLOP/s, %5.1f %% of %.1f, %5.1f %% by processor time; %6.1f MiB"
          % (name, r["tier"], r["tokens"], r["tokensPerSecond"], r["gflops"], 100 * r["share"], r["peak"],
             100 * r["processorShare"], r["anonymousMiB"]))


def phase_rows(b):
    """Parts of the processor time of a pass; idle is the part of the workers' wall time without a processor."""
    rows = []
    for tier in b.tiers:
        p = phases(b.model, 1000, 12, b.args.threads, tier)
        parts = p["parts"]
        p["summary"] = {"matmul": parts["matmul"], "attention, norms, rope, activations": sum(parts.get(k, 0) for k in ELEMENTWISE),
                        "widening": parts["widen"], "the rest": parts["rest"], "idle": p["idle"]}
        rows.append(p)
        print("  %-14s" % tier + ", ".join("%s %.1f %%" % (k, 100 * v) for k, v in p["summary"].items()))
    return rows


def thread_rows(b):
    """One worker and all, interleaved."""
    options, runs = ["--texts-per-probe", "1"], {1: [], 0: []}
    for _ in range(b.args.rounds):
        for threads, done in runs.items():
            done.append(build(b.model, b.folder, *options, threads=threads)["seconds"]["compute"])
    one, all_ = sorted(runs[1])[len(runs[1]) // 2], sorted(runs[0])[len(runs[0]) // 2]
    cores = len(os.sched_getaffinity(0))
    print("  1 thread %.2f s, %d threads %.2f s: %.2fx" % (one, cores, all_, one / all_))
    return dict(one=one, all=all_, threads=cores, speedup=one / all_)


def long_rows(b):
    """One text alone, on all workers."""
    rows = []
    for words in (3000, 24000) if b.args.full else (1500,):
        texts = b.texts(1, words)
        runs = {t: build(b.model, b.folder, "--texts", texts, "--layers", "0..10", threads=t) for t in (1, b.args.threads)}
        one, all_ = runs[1], runs[b.args.threads]
        top = peak(b.args.threads)
        row = dict(tokens=all_["tokensComputed"], seconds=all_["seconds"]["compute"], anonymousMiB=all_["anonymous"],
                   speedup=one["seconds"]["compute"] / all_["seconds"]["compute"],
                   share=all_["flop"] / all_["seconds"]["compute"] / top)
        rows.append(row)
        print("  one text of %6d tokens: %7.2f s, %5.1f %% of peak, %.2fx one thread, %6.1f MiB"
              % (row["tokens"], row["seconds"], 100 * row["share"], row["speedup"], row["anonymousMiB"]))
    return rows


def scaling(b):
    """Processor seconds against tokens and against blocks: each costs the same. With --full a plot, docs/scaling.svg."""
    rows = []
    for count in (125, 250, 500, 1000) + ((2000, 4000) if b.args.full else ()):
        r = build(b.model, b.folder, "--texts", b.texts(count, 10))
        rows.append(dict(by="tokens", x=r["tokensComputed"], seconds=r["processor"]))
    for blocks in (4, 8, 16, 24, 30):
        r = build(b.model, b.folder, "--texts", b.texts(500, 10), "--layers", str(blocks))
        rows.append(dict(by="blocks", x=blocks, seconds=r["processor"]))
    for r in rows:
        print("  %-7s %6d %8.3f s %10.4f ms each" % (r["by"], r["x"], r["seconds"], 1e3 * r["seconds"] / r["x"]))
    if b.args.full:
        plot.write(ROOT / "docs" / "scaling.svg", rows)
    return rows


def memory(b):
    """Most memory that is not a mapped file, beside what states and two widened blocks take."""
    rows, shapes = [], [("demo", b.model, 576, 3.54e6), ("7B, BF16", None, 4096, 202.4e6)]
    for name, model, hidden, weights in shapes:
        path = model or b.synthetic("7B", "BF16")
        r = build(path, b.folder, "--texts-per-probe", "1")
        states, block = r["tokensComputed"] * hidden * 4 / MIB, weights * 4 / MIB
        rows.append(dict(model=name, anonymousMiB=r["anonymous"], statesMiB=states, blockMiB=block))
        print("  %-10s %8.1f MiB; states %.1f, a widened block %.1f, the rest %.1f"
              % (name, r["anonymous"], states, block, r["anonymous"] - states - block))
        if not model:
            path.unlink()
    return rows


def commands(b):
    """Whole commands, and how fast files are written."""
    mc, rows = [BUILD / "mc", "--quiet", "--output-format", "json"], {}
    crm = b.folder / "a.crm.safetensors"
    rows["mc --help"] = fastest([BUILD / "mc", "--help"], 20)
    rows["model probe"] = fastest(mc + ["model", "probe", b.model], 5)
    rows["model probe --deep"] = fastest(mc + ["model", "probe", "--deep", b.model], 1)
    rows["first state of one text"] = fastest(mc + ["geometry", "crm-build", b.model, "--texts", b.texts(1, 5), "--layers", "1",
                                                    "--output", crm], 5)
    for texts in (1, 4):
        rows["crm-build --texts-per-probe %d" % texts] = fastest(mc + ["geometry", "crm-build", b.model, "--texts-per-probe", texts,
                                                                       "--output", crm], 1)
    rows["intrinsic-dimension of a matrix, all layers"] = fastest(mc + ["geometry", "intrinsic-dimension", crm], 1)
    rows["crm-compare with itself"] = fastest(mc + ["geometry", "crm-compare", crm, crm], 1)
    for name, seconds in rows.items():
        print("  %-46s %9.1f ms" % (name, 1e3 * seconds))
    speeds = {form: written(b, "out" + form) for form in (".safetensors", ".json")}
    for form, rate in speeds.items():
        print("  %-46s %9.1f MB/s" % ("written as " + form, rate))
    return dict(seconds=rows, megabytesPerSecond=speeds)


def written(b, name):
    """Bytes a second of the writing part of a build, and of a bare write of as many bytes."""
    out = b.folder / name
    r = json.loads(sampled([BUILD / "mc", "--quiet", "--output-format", "json", "geometry", "crm-build", b.model, "--atlas",
                            "all", "--texts-per-probe", "1", "--output", out])[0])
    return out.stat().st_size / r["seconds"]["write"] / 1e6


def tokenizers(b):
    """Seconds to open each of the three real tokenizer.json files (kept compressed in tests/data)."""
    paths = []
    for packed in sorted((ROOT / "tests" / "data" / "tokenizers").glob("*/tokenizer.json.xz")):
        out = b.folder / packed.parent.name / "tokenizer.json"
        out.parent.mkdir()
        out.write_bytes(lzma.decompress(packed.read_bytes()))
        paths.append(out)
    text = output_of([BUILD / "bench_tokenizer", *paths]).replace(str(b.folder) + "/", "")
    print("".join("  " + line + "\n" for line in text.splitlines()), end="")
    return text


# ---- peers ----

def prompts_of(b):
    """The atlas's texts as token ids, one prompt a line, in the order in which they lie in the file."""
    atlas = json.loads(output_of([BUILD / "mc", "--output-format", "json", "geometry", "atlas", "list", "--probes"]))
    lines = []
    for probe in atlas["probes"]:
        shown = json.loads(output_of([BUILD / "mc", "--output-format", "json", "geometry", "atlas", "show", probe["id"]]))
        lines += shown["texts"]
    texts, ids = b.folder / "prompts.txt", b.folder / "ids.txt"
    texts.write_text("".join(line + "\n" for line in lines))
    ids.write_text(output_of([BUILD / "mc", "tokenize", b.model, "--file", texts, "--ids"]))
    return ids


def peer(b, script, model, ids, extra):
    command = [VENV, ROOT / "bench" / "peers" / script, model, "--ids", ids, "--limit", b.args.limit,
               "--threads", b.args.threads or len(os.sched_getaffinity(0))] + extra
    return json.loads(output_of(command))


def peers(b):
    """The same texts; ours between them, as rates go up and down with the machine."""
    if not VENV.exists():
        print("  (none: make the oracle environment with scripts/make-oracle-env.sh)")
        return []
    ids, found = prompts_of(b), []
    rate = build(b.model, b.folder)["tokensPerSecond"]
    batches = "1,32,64,128,256,512" if b.args.full else "1,64,256"
    found.append(dict(peer(b, "transformers_peer.py", b.model, ids, ["--batches", batches]), type="dequantised"))
    if subprocess.run([str(VENV), "-c", "import llama_cpp"], stderr=subprocess.DEVNULL).returncode:
        print("  (llama-cpp-python is not installed there)")
    else:
        for kind in ("F32", "Q8_0", None):
            model = b.folder / ("peer.%s.gguf" % kind) if kind else b.model
            if kind:
                output_of([VENV, ROOT / "bench" / "peers" / "requantise_gguf.py", b.model, model, kind])
            found.append(dict(peer(b, "llamacpp_peer.py", model, ids, []), type=kind or "as it is"))
    again = build(b.model, b.folder)["tokensPerSecond"]
    rate = (rate + again) / 2
    print("  %-66s%10.1f tokens/s" % ("mc, whole program", rate))
    for p in found:
        for row in p["rows"]:
            setting = " ".join("%s %s" % (k, row[k]) for k in ("mode", "batch", "attention", "batch_tokens", "cache") if k in row)
            print("  %-66s%10.1f tokens/s; ours is %5.2fx" % ("%s %s, %s, %s" % (p["peer"], p["version"].split()[-1], p["type"], setting),
                                                          row["tokens_per_second"], rate / row["tokens_per_second"]))
    return dict(oursTokensPerSecond=rate, peers=found)


SECTIONS = {"shares": shares, "phases": phase_rows, "threads": thread_rows, "long": long_rows, "scaling": scaling,
            "memory": memory, "commands": commands, "tokenizers": tokenizers, "peers": peers}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--rounds", type=int, default=0, help="0: 3 with --full, else 1")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--json", default=str(BUILD / "bench.json"))
    parser.add_argument("--no-peers", action="store_true")
    args = parser.parse_args()
    args.rounds = args.rounds or (3 if args.full else 1)
    result = dict(time=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), peak=peak(args.threads),
                  status=json.loads(output_of([BUILD / "mc", "--output-format", "json", "system", "status"])))
    print("%s, peak %.1f GFLOP/s" % (result["status"]["cpu"]["name"], result["peak"] / 1e9))
    with tempfile.TemporaryDirectory(dir=BUILD) as name:
        b = Bench(args, None, pathlib.Path(name))
        b.model = args.model or b.demo()
        for section in args.only.split(","):
            if section == "peers" and args.no_peers:
                continue
            print("\n%s: %s" % (section, SECTIONS[section].__doc__))
            sys.stdout.flush()
            result[section] = SECTIONS[section](b)
    pathlib.Path(args.json).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
