"""What bench/run.py measures with: the peak, whole commands with their memory, and medians of interleaved rounds."""

import json
import os
import pathlib
import re
import statistics
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build"
MC = BUILD / "mc"
MIB = 2.0**20


def environment(tier):
    return dict(os.environ, MC_CPU=tier) if tier else None


def output_of(command, tier=None):
    command = [str(c) for c in command]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment(tier)).stdout.decode()


def answer_of(*words):
    return json.loads(output_of([MC, "--quiet", "--output-format", "json", *words]))


def tiers():
    """The cpu tiers of this machine that are worth a row, widest first."""
    names = [b["tier"] for b in answer_of("system", "status")["backends"] if b["backend"] == "cpu" and b["available"]]
    return [n for n in reversed(names) if n != "portable"] or names


def peak(threads=0, tier=None):
    """Float32 fused multiply-adds of all workers, in operations a second."""
    return json.loads(output_of([BUILD / "bench_peak", threads], tier))["flopPerSecond"]


def sampled(command, tier=None):
    """Standard output, wall seconds, processor seconds, and the most memory that is not a mapped file (MiB)."""
    errors = tempfile.TemporaryFile()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, stderr=errors, env=environment(tier))
    start, most, status = time.perf_counter(), 0, pathlib.Path("/proc/%d/status" % child.pid)
    try:
        while True:
            found = re.search(r"RssAnon:\s+(\d+)", status.read_text())
            most = max(most, int(found.group(1)) if found else 0)
            pid, code, usage = os.wait4(child.pid, os.WNOHANG)
            if pid:
                break
            time.sleep(0.01)
    except BaseException:
        child.kill()
        raise
    wall, child.returncode = time.perf_counter() - start, os.waitstatus_to_exitcode(code)
    if child.returncode:
        errors.seek(0)
        raise SystemExit("failed: %s\n%s" % (" ".join(map(str, command)), errors.read().decode()))
    return child.stdout.read().decode(), wall, usage.ru_utime + usage.ru_stime, most / 1024


def build(model, output, *options, threads=0, tier=None, sharing=False, flags=()):
    """A whole crm-build, from command to written file; every text computed for itself unless `sharing`."""
    command = [MC, "--output-format", "json", "--quiet", "--threads", threads, *flags, "geometry", "crm-build", model,
               "--output", output, *([] if sharing else ["--no-prefix-sharing"]), *options]
    text, wall, processor, memory = sampled(command, tier)
    summary = json.loads(text)
    return dict(summary, wall=wall, processor=processor, anonymousMiB=memory, rate=summary["tokensComputed"] / wall)


def profiled(model, folder, *options, threads=0, tier=None):
    """A build's summary, and from its trace the seconds of stages and of the operations of all threads, by name."""
    trace, found = folder / "trace.json", {"stage": {}, "operation": {}, "wait": {}}
    run = build(model, folder / "profiled.crm.safetensors", *options, threads=threads, tier=tier, flags=["--profile=%s" % trace])
    for event in json.loads(trace.read_text())["traceEvents"]:
        if event["ph"] == "X":
            sums = found[event["cat"]]
            sums[event["name"]] = sums.get(event["name"], 0.0) + event["dur"] * 1e-6
    trace.unlink()
    return run, found["stage"], found["operation"]


def median(values):
    return statistics.median(list(values))


def interleaved(runs, rounds, peaks_of):
    """Each of `runs` (a dict of functions) once a round, and before, between and after the rounds the peaks (a dict of
    functions too). Lists of results by key."""
    done, peaks = {k: [] for k in runs}, {k: [] for k in peaks_of}

    def read_peaks():
        for key, read in peaks_of.items():
            peaks[key].append(read())

    read_peaks()
    for _ in range(rounds):
        for key, run in runs.items():
            done[key].append(run())
        read_peaks()
    return done, peaks


def share_row(runs, peaks):
    """The median run, by the wall and by the processor time that it had, which holds on a machine that others use too;
    both against the best reading of the peak beside it: a lower one was disturbed."""
    runs = sorted(runs, key=lambda r: r["wall"])
    middle, top = runs[len(runs) // 2], max(peaks)
    return dict(tier=middle["backend"], tokens=middle["tokensComputed"], wall=middle["wall"], walls=[r["wall"] for r in runs],
                tokensPerSecond=middle["rate"], flopPerSecond=middle["flop"] / middle["wall"],
                peak=top, peaks=peaks, share=middle["flop"] / middle["wall"] / top,
                processorShare=middle["flop"] / middle["processor"] * middle["threads"] / top, seconds=middle["seconds"],
                anonymousMiB=middle["anonymousMiB"], fileMiB=middle["outputSize"] / MIB)


def fastest(command, times):
    """The least of several wall times of a command: what it takes when nothing else is in the way."""
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([str(c) for c in command], check=True, stdout=subprocess.DEVNULL)
        best = min(best, time.perf_counter() - start)
    return best


def written_bare(path, size):
    """Seconds to write so many bytes and have them on the disk, in pieces of 4 MiB."""
    piece, start = os.urandom(4 << 20), time.perf_counter()
    with path.open("wb") as out:
        for at in range(0, size, len(piece)):
            out.write(piece[:size - at])
        os.fsync(out.fileno())
    seconds = time.perf_counter() - start
    path.unlink()
    return seconds


def synced(path):
    """Wait until a file is on the disk: what is measured next does not share the machine with its writing."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def forget(paths):
    """Let the page cache drop these files, so that the next reading comes from the disk."""
    for path in paths:
        synced(path)
        fd = os.open(path, os.O_RDONLY)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)


def read_through(paths):
    """Bytes a second of reading files from begin to end, from the disk."""
    forget(paths)
    buffer, size, start = bytearray(8 << 20), 0, time.perf_counter()
    for path in paths:
        with open(path, "rb", buffering=0) as file:
            while n := file.readinto(buffer):
                size += n
    return size / (time.perf_counter() - start)
