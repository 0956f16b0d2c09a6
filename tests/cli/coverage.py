#!/usr/bin/env python3
"""Every command has its help page under test, an example that is run, and a JSON result that
keeps to its published schema.

  coverage.py --mc PROGRAM

Examples run in a folder that looks like their author's: examples.sh prepares it."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from validate import faults_of  # noqa: E402


def call(mc, *words, **options):
    return subprocess.run([str(mc), *words], capture_output=True, text=True, check=True, **options)


def check_help(mc, name):
    page = call(mc, *name.split(), "--help").stdout
    golden = HERE / "help" / f"{name.replace(' ', '_')}.txt"
    if UPDATE:
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(page)
    if not golden.exists() or golden.read_text() != page:
        return [f"{name}: --help differs from {golden.relative_to(HERE)} (coverage.py --update)"]
    if max(map(len, page.splitlines())) > 100:
        return [f"{name}: a line of --help is longer than 100 columns"]
    return []


def examples_of(page):
    lines = page.splitlines()
    start = max(i for i, line in enumerate(lines) if line in ("example:", "examples:"))
    return [line.strip() for line in lines[start + 1:] if line.strip()]


def check_examples(mc, command, folder):
    faults = []
    for example in examples_of(call(mc, *command["name"].split(), "--help").stdout):
        environment = {"PATH": f"{folder}/.bin:/usr/bin:/bin", "HOME": str(folder / ".home"),
                       "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["bash", "-c", example], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=300)
        if done.returncode not in (0, 3) or not (done.stdout or ">" in example):
            faults.append(f"example '{example}' returns {done.returncode}: {done.stderr}")
        if "schema" in command and " | " not in example and ">" not in example:
            faults += check_json(mc, command, example, folder, environment)
    return faults


def check_json(mc, command, example, folder, environment):
    schema = json.loads(call(mc, "help", "schema", *command["name"].split()).stdout)
    done = subprocess.run(["bash", "-c", f"{example} --ai"], cwd=folder, env=environment,
                          capture_output=True, text=True, timeout=300)
    faults = []
    for line in done.stdout.splitlines():
        try:
            payload = json.loads(line, parse_constant=lambda name: 1 / 0)
        except (ValueError, ZeroDivisionError) as error:
            return [f"'{example} --ai' is not JSON: {error}"]
        if payload.get("_schema") != command["schema"]:
            faults.append(f"'{example} --ai': _schema is {payload.get('_schema')}")
        faults += [f"'{example} --ai': {fault}" for fault in faults_of(schema, payload)]
    return faults or ([] if done.stdout else [f"'{example} --ai' printed nothing"])


def prepare(mc, folder):
    (folder / ".bin").mkdir()
    (folder / ".home").mkdir()
    (folder / ".bin/mc").symlink_to(mc)
    subprocess.run(["bash", "-eu", str(HERE / "examples.sh")], cwd=folder, check=True,
                   env={"PATH": f"{folder}/.bin:/usr/bin:/bin", "TESTS": str(HERE.parent),
                        "HOME": str(folder / ".home")})


def main():
    global UPDATE
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", required=True, type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    UPDATE, mc, faults = args.update, args.mc.absolute(), []
    commands = json.loads(call(mc, "help", "commands", "--ai").stdout)["commands"]
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        prepare(mc, folder)
        for command in commands:
            faults += check_help(mc, command["name"]) + check_examples(mc, command, folder)
    print("\n".join(faults) if faults else f"{len(commands)} commands: help, examples, schemas")
    return 1 if faults else 0


sys.exit(main())
