"""What the fault tests share: the program in a folder of its own, on the tiny models."""
import os
import pathlib
import subprocess
import sys
import tempfile

TESTS = pathlib.Path(__file__).resolve().parent.parent
GGUF = TESTS / "golden/models/tiny-llama.gguf"
FOLDER = TESTS / "golden/models/tiny-llama"
SKIPPED = 77  # CTest: neither passed nor failed
TEXTS = "one text\nand two of them\nthree texts, then\nfour or more\nfive at last\nsix\n"


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


class Place:
    """An empty folder with texts.txt and a home inside; removed at the end."""

    def __init__(self, mc):
        self.mc = pathlib.Path(mc).absolute()
        self.made = tempfile.TemporaryDirectory(prefix="mc-faults-")
        self.path = pathlib.Path(self.made.name)
        self.home = self.path / "home"
        self.home.mkdir()
        (self.path / "texts.txt").write_text(TEXTS)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.made.cleanup()

    def environment(self, **changes):
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("MC_", "MODELCYPHER_"))}
        kept.update(HOME=str(self.home), LC_ALL="C.UTF-8")
        for key, value in changes.items():
            if value is None:
                kept.pop(key, None)
            else:
                kept[key] = str(value)
        return kept

    def start(self, *args, before=(), env=None, **options):
        return subprocess.Popen([*before, self.mc, *map(str, args)], cwd=self.path,
                                env=env or self.environment(), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                errors="replace", **options)

    def run(self, *args, **options):
        process = self.start(*args, **options)
        try:
            process.out, process.err = process.communicate(timeout=100)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        return process


def matrices(path):
    """The bytes of a CRM file that do not depend on when it was made."""
    data = path.read_bytes()
    return data[8 + int.from_bytes(data[:8], "little"):]


def commands():
    """Small runs of everything that reads or writes files, in an order in which inputs exist."""
    build = ["geometry", "crm-build", "--texts", "texts.txt", "--threads", "2", "--output"]
    return [
        [*build, "a.safetensors", GGUF],
        [*build, "b.json", FOLDER, "--pool", "mean", "--cache-activations"],
        ["geometry", "crm-show", "a.safetensors"],
        ["geometry", "crm-compare", "--crm-a", "a.safetensors", "--crm-b", "b.json",
         "--permutations", "9", "--bootstrap", "9"],
        ["geometry", "intrinsic-dimension", "a.safetensors", "--layers", "-1"],
        ["geometry", "fingerprint", FOLDER, "--texts", "texts.txt"],
        ["geometry", "fingerprint", "compare", FOLDER, FOLDER, "--texts", "texts.txt"],
        ["geometry", "validate", GGUF, "--texts", "texts.txt"],
        ["geometry", "atlas", "show", "MORE"],
        ["model", "probe", GGUF, "--texts", "texts.txt"],
        ["model", "explain", FOLDER],
        ["tokenize", FOLDER, "a text of some words"],
        ["cache", "ls", "--files"],
        ["cache", "verify"],
        ["cache", "gc"],
        ["storage", "status"],
        ["system", "status"],
        ["system", "config"],
    ]
