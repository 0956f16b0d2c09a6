#!/usr/bin/env python3
"""Run cases of the command line: a script, and what it must print and return.

  run.py --mc PROGRAM [--update] [CASE...]      CASE defaults to all

A case is cases/<name>.sh, run by bash in an empty folder with `mc` first in PATH and $TESTS naming
the tests folder. Its standard output, standard error and exit code must equal <name>.stdout.exact,
<name>.stderr.exact (absent: empty) and <name>.exit (absent: 0). In an .exact file a line that is
`...` stands for any lines, and {{regex}} inside a line for what the regular expression matches:
times and sizes differ from run to run. --update writes the files; a file that still matches is
left as it is, so patterns survive."""
import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CASES = HERE / "cases"
TIMEOUT = 300


def pattern(text):
    """The regular expression that an .exact file stands for."""
    out = []
    for line in text.splitlines(keepends=True):
        if line.strip() == "...":
            out.append(r"(?:.*\n)*")
            continue
        parts = re.split(r"\{\{(.*?)\}\}", line)
        out += [f"(?:{part})" if i % 2 else re.escape(part) for i, part in enumerate(parts)]
    return re.compile("".join(out))


def environment(mc, folder):
    kept = {k: v for k, v in os.environ.items()
            if k in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "LD_LIBRARY_PATH")}
    kept.update(PATH=f"{folder}/.bin:{kept['PATH']}", LC_ALL="C.UTF-8", HOME=str(folder / ".home"),
                TESTS=str(HERE.parent), MC_BUILD=str(mc.parent), TERM="dumb")
    return kept


def run_case(mc, name):
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        (folder / ".bin").mkdir()
        (folder / ".home").mkdir()
        (folder / ".bin/mc").symlink_to(mc)
        done = subprocess.run(["bash", "-u", str(CASES / f"{name}.sh")], cwd=folder,
                              env=environment(mc, folder), stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT)
    return {"stdout.exact": done.stdout.decode("utf-8", "replace"),
            "stderr.exact": done.stderr.decode("utf-8", "replace"),
            "exit": f"{done.returncode}\n"}


def expected(name, what):
    path = CASES / f"{name}.{what}"
    return path.read_text() if path.exists() else ("0\n" if what == "exit" else "")


def compare(name, got, update):
    faults = []
    for what, text in got.items():
        want = expected(name, what)
        if pattern(want).fullmatch(text):
            continue
        if not update:
            faults.append(f"--- {name}.{what}: expected\n{want}--- got\n{text}")
            continue
        path = CASES / f"{name}.{what}"
        if text == ("0\n" if what == "exit" else ""):
            path.unlink(missing_ok=True)
        else:
            path.write_text(text)
        print(f"updated {path.relative_to(HERE)}")
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", required=True, type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("case", nargs="*")
    args = parser.parse_args()
    mc = args.mc.absolute()
    names = args.case or sorted(p.stem for p in CASES.glob("*.sh"))
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for name, got in zip(names, pool.map(lambda n: run_case(mc, n), names)):
            faults = compare(name, got, args.update)
            failed += bool(faults)
            print("\n".join(faults) if faults else f"ok {name}")
    print(f"{len(names) - failed} of {len(names)} cases as expected")
    return 1 if failed else 0


sys.exit(main())
