# On a terminal it asks, and only y or yes is yes.
export MODELCYPHER_HOME=home
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --layers 1 --cache-activations >/dev/null
python3 - <<'END'
import os, pty
for answer in (b"\n", b"no\n", b"y\n"):
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp("mc", ["mc", "cache", "clear", "--kind", "activations", "--output-format", "json"])
    os.write(terminal, answer)
    shown = b""
    try:
        while piece := os.read(terminal, 4096):
            shown += piece
    except OSError:
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    left = len(os.listdir("home/caches/activations"))
    print(answer, "[y/N]" in shown.decode(), code, left, "files left")
END
