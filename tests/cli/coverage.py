#!/usr/bin/env python3
"""No command escapes: each has its help page under test, examples that run, a JSON result that
keeps to its published schema, a case with exact output, a manual page without a fault, and a line in
README.md.

  coverage.py --mc PROGRAM [--update]

Examples run in a folder that looks like their author's: examples.sh prepares it."""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    jsonschema = None

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from validate import faults_of  # noqa: E402


def call(mc, *words, **options):
    return subprocess.run([str(mc), *words], capture_output=True, text=True, check=True, **options)


def check_overview(command, overview):
    """Its name is in `mc --help`, and behind it its summary, however the lines are broken."""
    line = f"  {command['name']} {command['summary']} "
    return [] if line in overview else [f"{command['name']}: not in mc --help"]


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
    faults, validated = [], "schema" not in command
    for example in examples_of(call(mc, *command["name"].split(), "--help").stdout):
        environment = {"PATH": f"{folder}/.bin:/usr/bin:/bin", "HOME": str(folder / ".home"),
                       "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["bash", "-c", example], cwd=folder, env=environment,
                              capture_output=True, text=True, timeout=300)
        if done.returncode not in (0, 3) or not (done.stdout or ">" in example):
            faults.append(f"example '{example}' returns {done.returncode}: {done.stderr}")
        if "schema" in command and " | " not in example and ">" not in example:
            faults += check_json(mc, command, example, folder, environment)
            validated = True
    return faults + ([] if validated else
                     [f"{command['name']}: no example without a pipe, so no JSON is validated"])


def words_run(text):
    """The command lines of a script from `mc` on, without the options before a command's name."""
    for line in re.findall(r"(?:^|[\s(;|&])mc\s([^\n;|&)]*)", text):
        yield " ".join(word for word in line.split() if not word.startswith("-")) + " "


def check_case(command, lines):
    names = [command["name"], *command.get("aliases", [])]
    if any(line.startswith(name + " ") for line in lines for name in names):
        return []
    return [f"{command['name']}: no case under tests/cli/cases runs it "
            "(docs/how-to/add-command.md, step 3)"]


def check_readme(command, readme):
    return [] if f"`mc {command['name']}" in readme else [
        f"{command['name']}: README.md's table of commands does not have it"]


def check_man(mc, name):
    """Faults that mandoc and groff find in a manual page; the page has no date on purpose."""
    page, faults = call(mc, "help", "man", *name.split()).stdout, []
    if shutil.which("mandoc"):
        said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page, text=True,
                              capture_output=True).stdout.splitlines()
        faults += [line for line in said if "missing date" not in line]
    if shutil.which("groff"):
        faults += subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, text=True,
                                 capture_output=True).stderr.splitlines()
    return [f"manual page of '{name}': {fault}" for fault in faults]


def schema_of(mc, command):
    """The published schema, which is one itself."""
    schema = json.loads(call(mc, "help", "schema", *command["name"].split()).stdout)
    if jsonschema:
        jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def faults_in(schema, payload):
    """Found by our reading of the schema and, where it is installed, by somebody else's."""
    faults = faults_of(schema, payload)
    if jsonschema:
        faults += [f"{fault.json_path}: {fault.message}"
                   for fault in jsonschema.Draft202012Validator(schema).iter_errors(payload)]
    return faults


def check_json(mc, command, example, folder, environment):
    schema = schema_of(mc, command)
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
        faults += [f"'{example} --ai': {fault}" for fault in faults_in(schema, payload)]
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
    lines = [line for case in sorted((HERE / "cases").glob("*.sh"))
             for line in words_run(case.read_text())]
    overview = "  ".join(" ".join(part.split()) + " "
                         for part in re.split(r"\n  (?=\w)", call(mc, "--help").stdout))
    readme = (HERE.parent.parent / "README.md").read_text()
    with tempfile.TemporaryDirectory() as made:
        folder = pathlib.Path(made)
        prepare(mc, folder)
        for command in commands:
            faults += check_help(mc, command["name"]) + check_examples(mc, command, folder)
            faults += check_overview(command, overview)
            faults += check_case(command, lines) + check_readme(command, readme)
            faults += check_man(mc, command["name"])
        faults += check_man(mc, "")
    print("\n".join(faults) if faults else f"{len(commands)} commands: help, examples, schemas"
          + ("" if jsonschema else " (skipped: python3-jsonschema is not installed)"))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
