"""What bench/run.py measures with: the peak, whole commands with their memory, and medians of interleaved rounds."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
MIB = 2.0**20


def environment(tier):
    return dict(os.environ, MC_CPU=tier) if tier else None


def output_of(command, tier=None):
    command = [str(c) for c in command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment(tier)).stdout.decode()


def tiers():
    """The cpu tiers of this machine that are worth a row, widest first."""
    status = json.loads(output_of([BUILD / "mc", "--output-format", "json", "system", "status"]))
    names = [b["tier"] for b in status["backends"] if b["backend"] == "cpu" and b["available"]]
    return [n for n in reversed(names) if n != "portable"] or names


def peak(threads=0, tier=None):
    """Float32 fused multiply-adds of all workers, in operations a second."""
    return json.loads(output_of([BUILD / "bench_peak", threads], tier))["flopPerSecond"]


def phases(model, texts, length, threads, tier):
    return json.loads(output_of([BUILD / "bench_phases", model, texts, length, threads], tier))


def sampled(command, tier=None):
    """Standard output, wall seconds, processor seconds, and the most memory that is not a mapped file (MiB)."""
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, env=environment(tier))
    start, most, status = time.perf_counter(), 0, pathlib.Path("/proc/%d/status" % child.pid)
    while True:
        found = re.search(r"RssAnon:\s+(\d+)", status.read_text())
        most = max(most, int(found.group(1)) if found else 0)
        pid, code, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.02)
    if code:
        raise SystemExit("failed: " + " ".join(map(str, command)))
    child.returncode = 0
    return child.stdout.read().decode(), time.perf_counter() - start, usage.ru_utime + usage.ru_stime, most / 1024


def build(model, folder, *options, threads=0, tier=None):
    """A whole crm-build, from command to written file, every text computed for itself."""
    command = [BUILD / "mc", "--output-format", "json", "--quiet", "--threads", threads, "geometry", "crm-build", model,
               "--no-prefix-sharing", "--output", folder / "bench.crm.safetensors", *options]
    text, wall, processor, memory = sampled(command, tier)
    return dict(json.loads(text), wall=wall, processor=processor, anonymous=memory)


def interleaved(run, rounds, threads=0, tier=None):
    """The median run by the wall, with the peak read before, between and after, and its share of that peak: by the wall of the
    median peak, and by the processor time that it had of the best peak, which holds on a machine that others use too."""
    peaks, runs = [peak(threads, tier)], []
    for _ in range(rounds):
        runs.append(run())
        peaks.append(peak(threads, tier))
    runs.sort(key=lambda r: r["wall"])
    middle, top = runs[len(runs) // 2], statistics.median(peaks)
    return dict(tier=middle["backend"], tokens=middle["tokensComputed"], wall=middle["wall"], walls=[r["wall"] for r in runs],
                tokensPerSecond=middle["tokensComputed"] / middle["wall"], gflops=middle["flop"] / middle["wall"] / 1e9,
                peak=top / 1e9, share=middle["flop"] / middle["wall"] / top,
                processorShare=middle["flop"] / middle["processor"] * middle["threads"] / max(peaks), seconds=middle["seconds"],
                anonymousMiB=middle["anonymous"], fileMiB=middle["outputSize"] / MIB)


def fastest(command, times):
    """The least of several wall times of a command: what it takes when nothing else is in the way."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - start)
    return best
