"""The sections of bench/run.py: each prints its rows as they come and returns what goes into the JSON."""

import json
import lzma
import os
import pathlib
import shutil
import time

import plot
import synthetic
from measure import (BUILD, MC, MIB, ROOT, answer_of, build, fastest, forget, interleaved, median, output_of, peak, profiled,
                     read_through, share_row, synced, tiers, written_bare)
from versus import peers

TOKENIZERS = ROOT / "tests" / "data" / "tokenizers"
TYPES = ("F32", "BF16", "Q8_0", "Q4_1", "Q4_K")
# Of the synthetic models: enough blocks and texts that a pass counts, little enough to write and to run so often. The first touches
# of memory for two widened blocks are paid once a build: of 4 blocks of 7B they are 5 %, of 8 half of it, of its 32 less than one.
BLOCKS = {"135M": 20, "0.5B": 6, "7B": 8}
ROUNDS = {"demo": 3, "135M": 1, "0.5B": 1, "7B": 1}  # at most: long runs vary less
ONE, ALL = ("--texts-per-probe", 1), ("--texts-per-probe", 4)
FEWER = ONE + ("--atlas", "semantic_primes")
LARGE_BYTES = 14e9


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder, self.tiers, self.out = args, folder, tiers(), folder / "out.crm.safetensors"
        self.demo = pathlib.Path(output_of([ROOT / "scripts" / "fetch-demo.sh", BUILD / "demo"]).strip().splitlines()[-1])
        self.model = pathlib.Path(args.model) if args.model else self.demo

    def build(self, model, *options, **how):
        return build(model, self.out, *options, **dict(dict(threads=self.args.threads), **how))

    def synthetic(self, shape, kind, blocks=0):
        path = self.folder / ("%s-%s.gguf" % (shape, kind))
        synthetic.write(path, shape, kind, self.demo, blocks)
        self.warm(path)
        return path

    def warm(self, model):
        """From here on the file is on the disk and its content hash remembered (of a file that is not quite new), and the system has
        pages at hand for the file and for two of its blocks."""
        for path in [model] if model.is_file() else model.iterdir():
            synced(path)
            os.utime(path, times=(time.time() - 10,) * 2)
        self.build(model, *ONE, "--atlas", "moral", "--layers", "2")

    def texts(self, count, words):
        """A file of `count` texts of about `words` tokens, all different."""
        path = self.folder / "texts.txt"
        lines = (ROOT / "tests" / "oracle" / "demo_texts.txt").read_text().split()
        path.write_text("".join("%d %s\n" % (i, " ".join(lines[(i * 37 + j) % len(lines)] for j in range(words)))
                                for i in range(count)))
        return path


# ---- arithmetic ----

def shares(b):
    """Whole builds, from command to written file, against the peak; every text computed for itself: the whole atlas, for 7B one
    text a probe."""
    full, rows = b.args.full, []
    cases = [("demo", "Q4_1", ONE), ("demo", "Q4_1", ALL)]
    cases += [(shape, kind, ONE if shape == "7B" else ALL) for shape in BLOCKS for kind in TYPES
              if full or (shape, kind) in (("0.5B", "Q8_0"), ("7B", "BF16"))]
    print("  %-6s%-7s%7s%9s%10s%10s%9s%9s%10s%9s" % ("model", "type", "blocks", "tier", "tokens", "tokens/s", "GFLOP/s",
                                                    "of peak", "by cpu", "MiB"))
    for shape, kind, options in cases:
        model = b.model if shape == "demo" else b.synthetic(shape, kind, BLOCKS[shape])
        wanted = b.tiers if full or shape == "demo" else b.tiers[:1]
        done, peaks = interleaved({t: lambda t=t: b.build(model, *options, tier=t) for t in wanted},
                                  min(b.args.rounds, ROUNDS[shape]),
                                  {t: lambda t=t: peak(b.args.threads, t) for t in wanted})
        for tier in wanted:
            rows.append(dict(share_row(done[tier], peaks[tier]), shape=shape, type=kind, tier=tier, blocks=BLOCKS.get(shape, 30)))
            show_share(rows[-1])
        if model != b.model:
            model.unlink()
    return rows


def show_share(r):
    print("  %-6s%-7s%7d%9s%10d%10.1f%9.1f%8.1f %%%8.1f %%%9.0f" %
          (r["shape"], r["type"], r["blocks"], r["tier"], r["tokens"], r["tokensPerSecond"], r["flopPerSecond"] / 1e9,
           100 * r["share"], 100 * r["processorShare"], r["anonymousMiB"]))


ALONE, WAITING = "one thread alone", "waiting, and between operations"
OF_ALL_THREADS = ("compute", "read and widen weights", "states to probes and file")


def parts(b):
    """What the threads' time of a whole build goes to (--profile, wall times of all threads)."""
    rows = []
    for tier in b.tiers:
        run, stages, operations = profiled(b.model, b.folder, "--texts-per-probe", 2, threads=b.args.threads, tier=tier)
        states = stages["states to probes and file"]  # by the caller's thread, while the others go on
        alone = sum(v for k, v in stages.items() if k not in OF_ALL_THREADS)
        shared = run["seconds"]["total"] - alone
        all_time = run["threads"] * run["seconds"]["total"]
        found = {"products": operations["matmul"], "widening": operations["widen"],
                 "attention, norms, rope, activations": sum(v for k, v in operations.items() if k not in ("matmul", "widen")),
                 "means of states, writing": states,
                 WAITING: run["threads"] * shared - sum(operations.values()) - states,
                 ALONE: run["threads"] * alone}
        rows.append(dict(tier=tier, parts={k: v / all_time for k, v in found.items()}, stages=stages, operations=operations))
    print("  %-40s" % "" + "".join("%10s" % r["tier"] for r in rows))
    for name in rows[0]["parts"]:
        print("  %-40s" % name + "".join("%8.2f %%" % (100 * r["parts"][name]) for r in rows))
    print("  (%s: opening, tokenising, hashing, the end of the file)" % ALONE)
    return rows


def threads(b):
    """Whole builds, of the whole atlas, with one worker and with all, interleaved."""
    cores = len(os.sched_getaffinity(0))
    done, _ = interleaved({n: lambda n=n: b.build(b.model, *ALL, threads=n) for n in (1, cores)}, b.args.rounds, {})
    row = {str(n): dict(wall=median(r["wall"] for r in runs), compute=median(r["seconds"]["compute"] for r in runs))
           for n, runs in done.items()}
    speedup = {k: row["1"][k] / row[str(cores)][k] for k in ("wall", "compute")}
    print("  1 thread %.2f s, %d threads %.2f s: %.2fx the whole program, %.2fx its arithmetic"
          % (row["1"]["wall"], cores, row[str(cores)]["wall"], speedup["wall"], speedup["compute"]))
    return dict(seconds=row, threads=cores, speedup=speedup)


def long(b):
    """One long text alone, the first two blocks, with one worker and with all: attention in blocks, no quadratic memory."""
    rows = []
    print("  %8s%10s%10s%12s%10s%16s" % ("tokens", "seconds", "of peak", "1 thread", "MiB", "KiB a token"))
    for words in (2100, 17000) if b.args.full else (2100,):
        texts, cores = b.texts(1, words), len(os.sched_getaffinity(0))
        runs, peaks = interleaved({n: lambda n=n: b.build(b.model, "--texts", texts, "--layers", "0..2", threads=n)
                                   for n in (1, cores)}, 1, {"peak": lambda: peak(cores)})
        one, run, top = runs[1][0], runs[cores][0], max(peaks["peak"])
        rows.append(dict(tokens=run["tokensComputed"], seconds=run["seconds"]["compute"], anonymousMiB=run["anonymousMiB"],
                         speedup=one["seconds"]["compute"] / run["seconds"]["compute"],
                         share=run["flop"] / run["seconds"]["compute"] / top))
        r = rows[-1]
        print("  %8d%10.2f%8.1f %%%11.2fx%10.1f%16.1f" % (r["tokens"], r["seconds"], 100 * r["share"], r["speedup"],
                                                        r["anonymousMiB"], 1024 * r["anonymousMiB"] / r["tokens"]))
    return rows


def scaling(b):
    """Processor seconds against tokens and against parameters, and how far they are from a straight line."""
    rows = []
    for count in (125, 250, 500) + ((1000,) if b.args.full else ()):
        r = b.build(b.model, "--texts", b.texts(count, 10))
        rows.append(dict(by="tokens", x=r["tokensComputed"], seconds=r["processor"]))
    texts, block = b.texts(250, 10), synthetic.block_weights("135M")
    for blocks in (4, 8, 16, 24, 30):
        r = b.build(b.model, "--texts", texts, "--layers", "0..%d" % blocks)
        rows.append(dict(by="million parameters", x=round(blocks * block / 1e6, 1), seconds=r["processor"]))
    lines = {name: plot.straightness([(r["x"], r["seconds"]) for r in rows if r["by"] == name]) for name in {r["by"] for r in rows}}
    for r in rows:
        print("  %-20s%10g%10.3f s%12.4f ms each" % (r["by"], r["x"], r["seconds"], 1e3 * r["seconds"] / r["x"]))
    for name, rest in sorted(lines.items()):
        print("  by %s: at most %.1f %% of the largest away from the line" % (name, 100 * rest))
    plot.write(BUILD / "scaling.svg", rows)
    return dict(rows=rows, awayFromLine=lines)


# ---- whole builds, as people run them ----

def bound_of(shape, tokens):
    """MiB of the states of so many tokens, and of two widened blocks."""
    return tokens * synthetic.SHAPES[shape]["hidden"] * 4 / MIB, 2 * synthetic.block_weights(shape) * 4 / MIB


def built_row(b, name, shape, model, options):
    run = b.build(model, *options, sharing=True)
    states, blocks = bound_of(shape, run["tokensComputed"])
    row = dict(name=name, shape=shape, wall=run["wall"], asked=run["tokensAsked"], computed=run["tokensComputed"],
               tokensPerSecond=run["tokensAsked"] / run["wall"], fileMiB=run["outputSize"] / MIB, anonymousMiB=run["anonymousMiB"],
               statesMiB=states, twoBlocksMiB=blocks, peakMiB=run["peakMemory"] / MIB)
    print("  %-34s%9.2f%9d%9d%8.1f %%%9.0f%8.0f%9.0f%9.0f%9.0f" %
          (name, row["wall"], row["asked"], row["computed"], 100 - 100 * row["computed"] / row["asked"], row["tokensPerSecond"],
           row["fileMiB"], row["anonymousMiB"], states, blocks))
    return row


def builds(b):
    """Whole builds as people run them, common beginnings shared; memory is VmHWM less the pages of mapped files."""
    print("  %-34s%9s%9s%9s%10s%9s%8s%9s%9s%9s" % ("", "seconds", "asked", "computed", "saved", "tokens/s", "file", "memory",
                                                  "states", "2 blocks"))
    rows = [built_row(b, "135M Q4_1, %d texts a probe" % n, "135M", b.demo, ("--texts-per-probe", n)) for n in (1, 4)]
    if b.args.full:
        model = b.synthetic("0.5B", "Q8_0")
        rows += [built_row(b, "0.5B Q8_0, %d texts a probe" % n, "0.5B", model, ("--texts-per-probe", n)) for n in (1, 4)]
        model.unlink()
    model = b.synthetic("7B", "BF16", 2)
    rows.append(built_row(b, "7B BF16, 2 of 32 blocks, 65 texts", "7B", model, FEWER))
    model.unlink()
    return rows


def large(b):
    """All 32 blocks of a 7B-shaped BF16 folder in shards, its pages dropped before each run: a few texts, then more."""
    if not b.args.full:
        print("  (with --full)")
        return None
    free = shutil.disk_usage(b.folder).free
    if free < LARGE_BYTES:
        print("  (left out: it takes %.0f GB in %s, %.0f are free)" % (LARGE_BYTES / 1e9, b.folder, free / 1e9))
        return None
    model, rows = b.folder / "7B", []
    synthetic.write_folder(model, "7B", TOKENIZERS / "llama2")
    shards = sorted(model.glob("*.safetensors"))
    size, disk = sum(p.stat().st_size for p in shards), []
    b.warm(model)
    print("  %6s%8s%10s%11s%16s%14s%9s%11s" % ("texts", "tokens", "seconds", "disk, GB/s", "of disk's rate", "of the peak", "memory",
                                           "VmHWM"))
    for count in (2, 32, 96):
        disk.append(read_through(shards[1:2]))
        forget(shards)
        top, run = peak(b.args.threads), b.build(model, "--texts", b.texts(count, 7))
        rows.append(dict(texts=count, tokens=run["tokensComputed"], wall=run["wall"], diskShare=size / run["wall"] / disk[-1],
                         share=run["flop"] / run["wall"] / max(top, peak(b.args.threads)), seconds=run["seconds"],
                         anonymousMiB=run["anonymousMiB"], peakMiB=run["peakMemory"] / MIB))
        r = rows[-1]
        print("  %6d%8d%10.2f%11.2f%14.1f %%%12.1f %%%9.0f%11.0f" % (count, r["tokens"], r["wall"], disk[-1] / 1e9,
                                                                   100 * r["diskShare"], 100 * r["share"], r["anonymousMiB"],
                                                                   r["peakMiB"]))
    shutil.rmtree(model)
    return dict(bytes=size, diskBytesPerSecond=disk, rows=rows)


# ---- everything else that people wait for ----

def show_seconds(rows):
    for name, seconds in rows.items():
        print("  %-56s%9.1f ms" % (name, 1e3 * seconds))
    return rows


def start(b):
    """How soon it starts, milliseconds: the best of several."""
    mc, tiny, rows = [MC, "--quiet"], b.folder / "tiny", {}
    synthetic.write_folder(tiny, "tiny", TOKENIZERS / "llama3_1")
    rows["mc --help"] = fastest([MC, "--help"], 20)
    rows["mc model probe, from headers"] = fastest(mc + ["model", "probe", b.demo], 5)
    rows["first token, 128,256 words: a small model, whole program"] = fastest(
        mc + ["geometry", "crm-build", tiny, "--texts", b.texts(1, 5), "--output", b.out], 10)
    rows["first token, the demo model (49,152 words)"] = fastest(
        mc + ["geometry", "crm-build", b.demo, "--texts", b.texts(1, 5), "--layers", "1", "--output", b.out], 10)
    shutil.rmtree(tiny)
    for packed in sorted(TOKENIZERS.glob("*/tokenizer.json.xz")):
        words = b.folder / packed.parent.name
        words.mkdir()
        (words / "tokenizer.json").write_bytes(lzma.decompress(packed.read_bytes()))
        shutil.copy(packed.parent / "tokenizer_config.json", words)
        rows["mc tokenize, %s" % words.name] = fastest(mc + ["tokenize", words, "a word"], 5)
    return show_seconds(rows)


def files(b):
    """How fast results are written, synced, and read (bench_crm); and what a build that keeps every token waits for its file,
    while the states of a block are written beside the next one, against a bare write of as many bytes."""
    build(b.demo, b.out, *ONE, threads=b.args.threads)
    forms = json.loads(output_of([BUILD / "bench_crm", b.out, b.folder / "again", 5]))
    for form, r in forms.items():
        print("  %-20s%9.1f MB, written at %6.0f MB/s, read in %7.4f s" % (form, r["bytes"] / 1e6, r["bytes"] / r["write"] / 1e6, r["read"]))
    waited = []
    for _ in range(b.args.rounds):
        run = build(b.demo, b.out, *ONE, "--pool", "all", threads=b.args.threads)
        waited.append((run["seconds"]["write"], written_bare(b.folder / "bare", run["outputSize"])))
    row = dict(bytes=run["outputSize"], waited=median(w for w, _ in waited), bare=median(w for _, w in waited))
    print("  %-20s%9.1f MB, waited for %7.3f s, bare write and sync %7.3f s" % ("every token, a build", row["bytes"] / 1e6,
                                                                            row["waited"], row["bare"]))
    return dict(forms=forms, everyToken=row)


def analyses(b):
    """What is asked of a model or of a file, milliseconds: one run each."""
    mc, crm = [MC, "--quiet", "--threads", b.args.threads], b.folder / "a.crm.safetensors"
    build(b.demo, crm, threads=b.args.threads)
    return show_seconds({
        "mc model probe --deep": fastest(mc + ["model", "probe", "--deep", b.demo], 1),
        "mc geometry intrinsic-dimension, all layers, a file": fastest(mc + ["geometry", "intrinsic-dimension", crm], 1),
        "mc geometry crm-compare, a file with itself": fastest(mc + ["geometry", "crm-compare", crm, crm], 1)})


def machine(b):
    """The processor and its memory, and the peak of its float32 fused multiply-adds that all shares are of."""
    status, top = answer_of("system", "status"), {t: peak(b.args.threads, t) for t in b.tiers}
    print("  %s, %d cores, %.0f GiB, load %.1f; %s" % (
        status["cpu"]["name"], status["cpu"]["coresUsable"], status["memory"]["total"] / 2**30, status["cpu"]["load"],
        output_of([MC, "--version"]).strip()))
    print("  float32 peak, GFLOP/s: " + ", ".join("%s %.1f" % (t, p / 1e9) for t, p in top.items()))
    return dict(status=status, peak=top, version=output_of([MC, "--version"]).strip())


SECTIONS = {f.__name__: f for f in (machine, start, files, shares, parts, threads, builds, analyses, peers, long, scaling, large)}
