#!/usr/bin/env python3
"""homes.py --mc PROGRAM: without a home, with one that cannot be written, with a clock that was set
back, a build makes the same file; what it cannot keep it does without."""
import argparse
import os
import pathlib
import shutil

import common


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    args = parser.parse_args()
    with common.Place(args.mc) as place:
        model = place.path / "model.gguf"
        shutil.copy(common.GGUF, model)
        build = ["geometry", "crm-build", model, "--texts", "texts.txt", "--cache-activations",
                 "--output"]

        def check(name, **changes):
            out = place.path / f"{name}.safetensors"
            done = place.run(*build, out.name, env=place.environment(**changes))
            assert done.returncode == 0, (name, done.err)
            assert common.matrices(out) == whole, f"{name}: other bits"
            print(f"ok {name}" + (f": {done.err.splitlines()[0]}" if done.err else ""))

        first = place.run(*build, "whole.safetensors")
        assert first.returncode == 0, first.err
        whole = common.matrices(place.path / "whole.safetensors")
        check("again")
        check("no_home", HOME=None)
        check("empty_home", HOME="")
        check("home_is_a_file", HOME=place.path / "texts.txt")
        check("home_is_a_device", HOME="/dev/null")
        check("home_is_not_there", HOME="/proc/nowhere")
        read_only = place.path / "read_only"
        read_only.mkdir(mode=0o555)
        check("read_only_home", HOME=read_only)  # root may write there all the same
        # A clock that was set back: what is there seems to come from the future.
        future = 4102444800
        for path in [model, *pathlib.Path(place.home).rglob("*")]:
            os.utime(path, (future, future))
        check("from_the_future")
        check("from_the_future_again")
        # The same size and times, other weights: never a stale hit.
        data = bytearray(model.read_bytes())
        data[-4000:] = os.urandom(1) * 4000
        model.write_bytes(data)
        os.utime(model, (future, future))
        done = place.run(*build, "changed.safetensors")
        assert done.returncode == 1 or common.matrices(place.path / "changed.safetensors") != whole
        print("ok changed weights are other weights")


main()
