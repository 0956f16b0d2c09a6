# The terminal is closed in the middle of a build: as Ctrl-C, and exit code 129.
cp -r "$TESTS/golden/models/tiny-llama" tiny
yes 'a line of text that is long enough to keep the program busy for a while' | head -n 20000 | cat -n >lines
"$TESTS/cli/stop_when.py" HUP 0 '.x.crm.safetensors.*.part' \
    mc geometry crm-build tiny --texts lines --no-split -o x.crm.safetensors --backend ref
echo "code $?"
ls -A
