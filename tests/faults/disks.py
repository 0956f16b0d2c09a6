#!/usr/bin/env python3
"""disks.py --mc PROGRAM: full disks. Where the result does not fit, the build says so, leaves what was
there and nothing else; where the caches do not fit, it makes the same file without them.

Each disk is a tmpfs that is mounted for one command (unshare); skipped where that is not allowed."""
import argparse
import shutil
import subprocess

import common

MOUNT = 'mount -t tmpfs -o "$1" none "$2" && cp -r old/. "$2" && shift 2 && "$@"; code=$?; ls -A disk; exit $code'


def on_disk(place, options, *command, **environment):
    """Run it with a file system of its own at place/disk, which holds what is in place/old."""
    own = [] if subprocess.run(["id", "-u"], capture_output=True, text=True).stdout == "0\n" else ["-r"]
    return place.run(*command, env=place.environment(**environment),
                     before=["unshare", "-m", *own, "bash", "-c", MOUNT, "mount", options, "disk"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    args = parser.parse_args()
    with common.Place(args.mc) as place:
        for name in ("disk", "old"):
            (place.path / name).mkdir()
        (place.path / "old/a.safetensors").write_text("old")
        if not shutil.which("unshare") or on_disk(place, "size=1m", "--version").returncode:
            common.skip("no file system can be mounted here")
        build = ["geometry", "crm-build", common.GGUF, "--texts", "texts.txt", "--output"]
        assert place.run(*build, "whole.safetensors").returncode == 0
        whole = common.matrices(place.path / "whole.safetensors")

        for options in ("size=12k", "nr_inodes=2"):  # the older file takes one of each
            done = on_disk(place, options, *build, "disk/a.safetensors")
            assert done.returncode == 1, (options, done.err)
            assert "disk" in done.err and "hint:" in done.err, done.err
            assert done.out == "a.safetensors\n", (options, done.out)
            print("ok result,", options, "-", done.err.splitlines()[1].strip())
        for variable in ("MC_ACTIVATION_CACHE_DIR", "MODELCYPHER_HOME"):
            for options in ("size=12k", "nr_inodes=2"):
                done = on_disk(place, options, *build, "b.safetensors", "--cache-activations",
                               **{variable: place.path / "disk"})
                assert done.returncode == 0, (options, done.err)
                assert "are not kept" in done.err, done.err
                assert common.matrices(place.path / "b.safetensors") == whole
                assert ".part" not in done.out, done.out
                print(f"ok {variable}, {options} - {done.err.splitlines()[0]}")


main()
