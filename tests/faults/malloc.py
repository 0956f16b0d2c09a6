#!/usr/bin/env python3
"""malloc.py --mc PROGRAM --library fail_malloc.so [--points 12]: the C library's allocator fails.

Unlike tests/unit/test_no_memory.c this reaches what the libraries below us allocate. A command ends
with a word about memory, or does without and ends well; no signal ends it, and its result is absent
or whole. What keeps something between runs is tried with an empty home too. --points 0 tries every
allocation. Not for programs under sanitizers: their allocator is their own."""
import argparse
import pathlib
import shutil
import sys

import common

KEEPS = {"crm-build", "fingerprint"}


def run(place, command, library, empty, **extra):
    if empty:
        shutil.rmtree(place.home / ".modelcypher", ignore_errors=True)
    return place.run(*command, env=place.environment(LD_PRELOAD=library, **extra))


def count_calls(place, command, library, empty):
    log = place.path / "count"
    place.run(*command)  # what is kept is there, unless the home is empty
    done = run(place, command, library, empty, FAIL_COUNT=log)
    assert done.returncode in (0, 3), (command, done.err)
    return int(log.read_text()), done.returncode


def faults(place, done, well, sizes):
    """What is wrong with a run, in words."""
    if done.returncode not in (well, 1):
        yield f"ended with {done.returncode}: {done.err}"
    elif done.returncode == 1 and "memory" not in done.err:
        yield f"said {done.err or done.out!r}"
    for name, size in sizes.items():
        path = place.path / name
        if path.exists() and path.stat().st_size != size:
            yield f"{name} is not whole"
    left = [p.name for p in place.path.rglob(".*") if p != place.home / ".modelcypher"]
    if left:
        yield f"left {left}"


def sweep(place, command, library, points, sizes, empty):
    calls, well = count_calls(place, command, library, empty)
    step = calls // points + 1 if points else 1
    name, tried, failed, wrong = f"mc {' '.join(map(str, command[:2]))}", 0, 0, 0
    name += ", empty home" if empty else ""
    for for_good in ({}, {"FAIL_FOR_GOOD": "1"}):
        for number in range(1, calls + 1, step):
            done = run(place, command, library, empty, FAIL_AT=number, **for_good)
            tried += 1
            failed += done.returncode != well
            for fault in faults(place, done, well, sizes):
                print(f"{name}, call {number}{' and on' if for_good else ''}: {fault}")
                wrong += 1
    print(f"{name}: {calls} calls, {tried} runs, {failed} failed, {wrong} of them wrongly", flush=True)
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    parser.add_argument("--library", required=True, type=lambda p: pathlib.Path(p).absolute())
    parser.add_argument("--points", type=int, default=12)
    args = parser.parse_args()
    if b"__asan_init" in open(args.mc, "rb").read():
        common.skip("a program under AddressSanitizer has its own allocator")
    with common.Place(args.mc) as place:
        for command in common.commands():
            assert place.run(*command).returncode in (0, 3), command
        names = ["a.safetensors", "b.json"]
        sizes = {name: (place.path / name).stat().st_size for name in names}
        wrong = sum(sweep(place, command, args.library, args.points, sizes, empty)
                    for command in common.commands()
                    for empty in (False, True) if not empty or command[1] in KEEPS)
    return 1 if wrong else 0


sys.exit(main())
