#!/usr/bin/env python3
"""malloc.py --mc PROGRAM --library fail_malloc.so [--points 25]: the C library's allocator fails.

Unlike tests/unit/test_no_memory.c this reaches what the libraries below us allocate. A command ends
with a word about memory, or does without and ends well; no signal ends it, and its result is absent
or whole. --points 0 tries every allocation. Not for programs under sanitizers: their allocator is
their own."""
import argparse
import pathlib
import sys

import common


def attempt(place, command, library, number, for_good):
    extra = {"FAIL_FOR_GOOD": "1"} if for_good else {}
    env = place.environment(LD_PRELOAD=library, FAIL_AT=number, **extra)
    return place.run(*command, env=env)


def count_calls(place, command, library):
    log = place.path / "count"
    done = place.run(*command, env=place.environment(LD_PRELOAD=library, FAIL_COUNT=log))
    assert done.returncode == 0, (command, done.err)
    return int(log.read_text())


def faults(place, done, sizes):
    """What is wrong with a run, in words."""
    if done.returncode not in (0, 1):
        yield f"ended with {done.returncode}: {done.err}"
    elif done.returncode == 1 and "memory" not in done.err:
        yield f"said {done.err or done.out!r}"
    for name, size in sizes.items():
        path = place.path / name
        if path.exists() and path.stat().st_size != size:
            yield f"{name} is not whole"
    left = [p.name for p in place.path.iterdir() if p.name.startswith(".")]
    if left:
        yield f"left {left}"


def sweep(place, command, library, points, sizes):
    calls = count_calls(place, command, library)
    step = calls // points + 1 if points else 1
    name, failed, wrong = f"mc {' '.join(map(str, command[:2]))}", 0, 0
    for for_good in (False, True):
        for number in range(1, calls + 1, step):
            done = attempt(place, command, library, number, for_good)
            failed += done.returncode != 0
            for fault in faults(place, done, sizes):
                print(f"{name}, call {number}{' and on' if for_good else ''}: {fault}")
                wrong += 1
    print(f"{name}: every {step}. of {calls} calls, {failed} failed, {wrong} of them wrongly")
    return wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    parser.add_argument("--library", required=True, type=lambda p: pathlib.Path(p).absolute())
    parser.add_argument("--points", type=int, default=25)
    args = parser.parse_args()
    if b"__asan_init" in open(args.mc, "rb").read():
        common.skip("a program under AddressSanitizer has its own allocator")
    with common.Place(args.mc) as place:
        for command in common.commands():
            assert place.run(*command).returncode == 0, command
        names = ["a.safetensors", "b.json"]
        sizes = {name: (place.path / name).stat().st_size for name in names}
        wrong = sum(sweep(place, command, args.library, args.points, sizes)
                    for command in common.commands())
    return 1 if wrong else 0


sys.exit(main())
