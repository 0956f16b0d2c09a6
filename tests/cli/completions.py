#!/usr/bin/env python3
"""Completions in the real shells, typed on a terminal: a line, the tab key, return; the shell
function `mc` prints what it was given.

  completions.py --mc PROGRAM SHELL      exit code 77 (skipped) when the shell is not installed"""
import argparse
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# What is typed before the tab key, and what the line then is.
TABLE = [
    ("geom", "geometry"),
    ("geometry crm-b", "geometry crm-build"),
    ("geometry atlas sh", "geometry atlas show"),
    ("system st", "system status"),
    ("--ai geom", "--ai geometry"),
    ("tok", "tokenize"),
    ("geometry crm-build --poo", "geometry crm-build --pool"),
    ("geometry crm-build --pool me", "geometry crm-build --pool mean"),
    ("geometry crm-build -p la", "geometry crm-build -p last"),
    ("geometry crm-build --no-spl", "geometry crm-build --no-split"),
    ("geometry crm-build one.g", "geometry crm-build one.gguf"),
    ("geometry crm-build --model one.g", "geometry crm-build --model one.gguf"),
    ("tokenize --output-format ya", "tokenize --output-format yaml"),
    ("help completions z", "help completions zsh"),
    ("help schema geometry crm-b", "help schema geometry crm-build"),
    ("help man sys", "help man system"),
]

START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {
    "bash": "bind 'set enable-bracketed-paste off'; source ./completions; mc() { echo \"<$*>\"; }",
    "zsh": "unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -D -u; "
           "source ./completions; mc() { print -r -- \"<$*>\"; }",
    "fish": "function mc; echo '<'(string join ' ' -- $argv)'>'; end; source ./completions",
}
TIMEOUT = 60
# What moves a cursor, colours a text or names a window.
STEERING = re.compile(r"\x1b(\[[0-9;?>=]*[a-zA-Z]|\][^\x07]*\x07|\(.|[=>])")


class Terminal:
    def __init__(self, words, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, {"PATH": os.environ["PATH"], "HOME": folder,
                                         "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "$ "})
        self.seen = ""

    def type(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if ready:
            self.seen += os.read(self.fd, 65536).decode("utf-8", "replace")
        return bool(ready)

    def find(self, pattern):
        """What the pattern's group matches at the beginning of a line, or None in time."""
        end = time.monotonic() + TIMEOUT
        while True:
            found = re.search(r"[\r\n]" + pattern, STEERING.sub("", self.seen))
            if found or time.monotonic() > end:
                return found and found.group(1)
            self.read(0.2)

    def settle(self):
        """Until nothing more comes: the tab key has done its work."""
        while self.read(0.3):
            pass

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def ask(terminal, typed):
    terminal.seen = ""
    terminal.type("mc " + typed + "\t")
    terminal.settle()
    terminal.type("\r")
    line = terminal.find("<([^>\r\n]*)>")
    return repr(terminal.seen) if line is None else line.rstrip(" =")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mc", required=True, type=pathlib.Path)
    parser.add_argument("shell", choices=START)
    args = parser.parse_args()
    if not shutil.which(args.shell):
        print(f"skipped: {args.shell} is not installed")
        return 77
    script = subprocess.run([args.mc, "help", "completions", args.shell], check=True,
                            capture_output=True, text=True).stdout
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "completions").write_text(script)
        pathlib.Path(folder, "one.gguf").touch()
        terminal = Terminal(START[args.shell], folder)
        terminal.settle()
        terminal.type(PREPARE[args.shell] + "; echo rea''dy\r")
        if not terminal.find("(ready)"):
            faults.append("the script cannot be read: " + terminal.seen)
        for typed, want in TABLE if not faults else []:
            got = ask(terminal, typed)
            if got != want:
                faults.append(f"mc {typed}<tab>: got '{got}', want '{want}'")
        terminal.close()
    print("\n".join(faults) if faults else f"{args.shell}: {len(TABLE)} lines completed")
    return 1 if faults else 0


sys.exit(main())
