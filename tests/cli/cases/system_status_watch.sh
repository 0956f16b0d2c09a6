# On a pipe every look is appended, in JSON one object a line; Ctrl-C ends it.
"$TESTS/cli/stop_when.py" INT 2 lines mc system status --watch --interval 0.2 --ai --trace-id t >lines
echo "code $?"
python3 -c 'import json; looks = [json.loads(line) for line in open("lines")]; print(len(looks) > 1, {look["_schema"] for look in looks})'
mc system status --watch --interval 0
