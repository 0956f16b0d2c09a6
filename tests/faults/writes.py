#!/usr/bin/env python3
"""writes.py --mc PROGRAM: under strace, no command creates, changes, renames or removes anything
outside of its output's folder and the home folder."""
import argparse
import pathlib
import re
import shutil
import subprocess

import common

CALLS = ("openat,open,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,rmdir,link,"
         "linkat,symlink,symlinkat,truncate,chmod,fchmodat,mknod,mknodat")
WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND")
ALLOWED = ("/dev/null", "/dev/tty")


def touched(log):
    """The paths that were opened for writing or changed, of calls that did not fail."""
    for line in log.splitlines():
        call = re.search(r"(\w+)\((.*)\) += (-?\d+)", line)
        if not call or int(call[3]) < 0:
            continue
        if call[1] in ("open", "openat") and not WRITES.search(call[2]):
            continue
        yield from re.findall(r'"([^"]*)"', call[2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--mc", required=True)
    args = parser.parse_args()
    if not shutil.which("strace"):
        common.skip("strace is not installed")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        common.skip("strace may not trace here")
    count = 0
    with common.Place(args.mc) as place:
        root = place.path.resolve()
        for command in common.commands():
            log = place.path / "trace"
            # The sanitizer's leak check traces too, and a process has one tracer.
            done = place.run(*command, before=["env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq",
                                               "-s", "4096", "-e", f"trace={CALLS}", "-o", log])
            assert done.returncode == 0, (command, done.err)
            for name in touched(log.read_text()):
                path = pathlib.Path(place.path, name).resolve()
                count += 1
                assert name in ALLOWED or path.is_relative_to(root), (command[:2], name)
    assert count > 3, "nothing was written at all"
    print(f"{count} changes, all in the output's folder or the home")


main()
