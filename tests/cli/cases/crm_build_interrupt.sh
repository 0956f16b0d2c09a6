# Ctrl-C in the middle of a build: exit code 130, the older file untouched, nothing left behind.
cp -r "$TESTS/golden/models/tiny-llama" tiny
echo old >x.crm.safetensors
yes 'a line of text that is long enough to keep the program busy for a while' | head -n 20000 | cat -n >lines
"$TESTS/cli/stop_when.py" INT 0 '.x.crm.safetensors.*.part' \
    mc geometry crm-build tiny --texts lines --no-split -o x.crm.safetensors --backend ref
echo "code $?"
cat x.crm.safetensors
ls -A
