#!/usr/bin/env python3
"""The commands of a page: each ```sh block runs whole, in the folder that the examples of the help pages run in.

  guide.py --mc PROGRAM PAGE.md"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from coverage import prepare  # noqa: E402


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", required=True, type=pathlib.Path)
    parser.add_argument("page", type=pathlib.Path)
    args = parser.parse_args()
    blocks, failed = re.findall(r"^```sh\n(.*?)^```$", args.page.read_text(), re.M | re.S), 0
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        prepare(args.mc.absolute(), folder)
        for block in blocks:
            done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=folder,
                                  env={"PATH": f"{folder}/.bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8",
                                       "HOME": str(folder / ".home")},
                                  capture_output=True, text=True, timeout=300)
            if done.returncode:
                failed += 1
                print(f"{block}returns {done.returncode}: {done.stderr}")
    print(f"{len(blocks) - failed} of {len(blocks)} blocks run")
    return failed > 0 or not blocks


if __name__ == "__main__":
    sys.exit(main())
