#!/usr/bin/env python3
"""company.py --mc PROGRAM [--rounds 2]: 8 processes build the same model with the same cache into the
same file, while somebody removes the cache's files by `rm .../*model*` all the time. Each ends well,
and the file is always whole and the same."""
import argparse
import subprocess

import common

BUILDERS = 8


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    parser.add_argument("--rounds", type=int, default=2)
    args = parser.parse_args()
    with common.Place(args.mc) as place:
        build = ["geometry", "crm-build", common.FOLDER, "--atlas", "moral", "--threads", "1",
                 "--output"]
        assert place.run(*build, "whole.safetensors").returncode == 0
        whole = common.matrices(place.path / "whole.safetensors")
        removed = 0
        for _ in range(args.rounds):
            builders = [place.start(*build, "same.safetensors", "--cache-activations")
                        for _ in range(BUILDERS)]
            while any(b.poll() is None for b in builders):
                done = subprocess.run("rm -v ~/.modelcypher/caches/*/*tiny-llama*", shell=True,
                                      capture_output=True, text=True, env=place.environment())
                removed += done.stdout.count("\n")
            for builder in builders:
                out, err = builder.communicate()
                assert builder.returncode == 0 and not err, err
            assert common.matrices(place.path / "same.safetensors") == whole
        left = [p for p in place.path.rglob("*.part")]
        assert not left, left
        done = place.run(*build, "last.safetensors", "--cache-activations")
        assert done.returncode == 0 and common.matrices(place.path / "last.safetensors") == whole
        print(f"{args.rounds * BUILDERS} builds in company, {removed} files removed under them")


main()
