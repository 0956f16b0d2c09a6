#!/usr/bin/env python3
"""Send a signal to a command at a moment that does not depend on how fast it is.

  stop_when.py SIGNAL LINES PATTERN COMMAND...

As soon as some file matches PATTERN and holds LINES lines (0: it is there) the command gets SIGNAL
(INT, TERM, KILL). Returns what a shell would: its code, or 128 and the signal."""
import pathlib
import signal
import subprocess
import sys
import time

PATIENCE = 100  # seconds


def has_come(pattern, lines):
    return any(path.read_bytes().count(b"\n") >= lines for path in pathlib.Path().glob(pattern))


def main():
    name, lines, pattern, *command = sys.argv[1:]
    process = subprocess.Popen(command)
    end = time.monotonic() + PATIENCE
    while not has_come(pattern, int(lines)):
        if process.poll() is not None:
            sys.exit(f"{command[:3]} ended before '{pattern}' was there")
        if time.monotonic() > end:
            process.kill()
            sys.exit(f"'{pattern}' has never come")
        time.sleep(0.01)
    process.send_signal(getattr(signal, f"SIG{name}"))
    code = process.wait()
    return code if code >= 0 else 128 - code


sys.exit(main())
