#!/usr/bin/env python3
"""tidy.py CLANG_TIDY BUILD: clang-tidy over src/ on all cores, zero findings allowed.

Clean results are remembered under BUILD/tidy by a hash of the configuration, the compile command
and every file of ours that the source includes, so that a second run costs nothing."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.M)


def closure(path, seen):
    """The file and everything of ours it includes, directly or not."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    for header in INCLUDE.findall(path.read_text()):
        for folder in (path.parent, ROOT / "src", ROOT / "include"):
            closure((folder / header).resolve(), seen)


def key(path, command, base):
    seen = set()
    closure(path, seen)
    digest = hashlib.sha256(base + command.encode())
    for name in sorted(seen):
        digest.update(name.read_bytes())
    return digest.hexdigest()


def main():
    tidy, build = sys.argv[1], (ROOT / sys.argv[2]).resolve()
    cache = build / "tidy"
    cache.mkdir(exist_ok=True)
    base = (ROOT / ".clang-tidy").read_bytes() + subprocess.run(
        [tidy, "--version"], capture_output=True, check=True).stdout
    jobs = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT / "src") or any(path == job[0] for job in jobs):
            continue
        jobs.append((path, cache / key(path, entry["command"], base)))
    todo = [job for job in jobs if not job[1].exists()]

    def run(job):
        result = subprocess.run([tidy, "--quiet", "-p", str(build), str(job[0])],
                                capture_output=True, text=True)
        if result.returncode == 0:
            job[1].touch()
        return job[0], result

    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for path, result in pool.map(run, todo):
            if result.returncode != 0:
                failed += 1
                print(result.stdout.strip() or result.stderr.strip())
    print(f"clang-tidy: {len(jobs)} files, {len(todo)} analysed now, {failed} with findings")
    return 1 if failed else 0


sys.exit(main())
