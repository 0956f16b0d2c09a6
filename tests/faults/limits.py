#!/usr/bin/env python3
"""limits.py --mc PROGRAM: sizes that lie are refused before memory is taken.

Every file to refuse is opened with little more address space than a good one needs (RLIMIT_AS): the
complaint must be about the file and not about memory. Not for programs under sanitizers, whose
address space has no such bounds. Threads take address space too: we get two, and OpenBLAS, which
maps 128 MiB for each as it is loaded, one. With all of its threads and less room than they map, the
program still comes to an end."""
import argparse
import resource

import common

ROOM = 400 << 20
NARROW = 150 << 20
NO_MEMORY = "MC-1003"


def run_within(place, command, size, blas_threads="1"):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (size, size))

    return place.run(*command, preexec_fn=limit,
                     env=place.environment(OPENBLAS_NUM_THREADS=blas_threads, MC_THREADS=2))


def cases():
    for path in sorted((common.TESTS / "refuse").iterdir()):
        for entry in sorted(path.iterdir()):
            yield path.name, entry


def command_for(kind, entry):
    if kind == "crm":
        return ["geometry", "crm-show", entry]
    if kind == "atlas":
        return ["geometry", "atlas", "list", "--atlas-file", entry]
    if kind == "tokenizer":
        return ["tokenize", entry, "a text"]
    return ["model", "probe", entry]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    args = parser.parse_args()
    if b"__asan_init" in open(args.mc, "rb").read():
        common.skip("a program under AddressSanitizer maps terabytes")
    with common.Place(args.mc) as place:
        good = run_within(place, ["model", "probe", common.GGUF], ROOM)
        assert good.returncode == 0, good.err
        ended = run_within(place, ["model", "probe", common.GGUF], NARROW, blas_threads=None)
        assert ended.returncode in (0, 1), (ended.returncode, ended.err)
        count = 0
        for kind, entry in cases():
            done = run_within(place, command_for(kind, entry), ROOM)
            assert done.returncode in (0, 1), (entry, done.returncode, done.err)
            assert NO_MEMORY not in done.err, (entry, done.err)
            count += done.returncode == 1
        assert count > 100, count
        print(f"{count} files refused within {ROOM >> 20} MiB of address space")


main()
