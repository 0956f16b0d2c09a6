# A pipe can be read once: the texts are kept, for the second model and the second look.
model="$TESTS/golden/models/tiny-llama"
texts() { printf 'the cat\na dog ran\nblue sky\nsix\nnine\n'; }
build() { mc geometry crm-build "$model" --quiet -o "$@" >/dev/null; }
states() { python3 -c 'import json, sys; print(json.dumps(json.load(open(sys.argv[1]))["activations"]))' "$1" | cksum; }
texts > texts.txt
build file.json --texts texts.txt
texts | build input.json --texts -
build pipe.json --texts <(texts)
for name in file input pipe; do states $name.json; done | uniq -c
texts | mc geometry fingerprint compare "$model" "$model" --texts - --ai |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["probes"])'
texts | mc geometry validate "$model" --texts - >/dev/null; echo "validate returns $?"
cat "$TESTS/../data/atlas/moral.json" | mc geometry atlas list --atlas-file - | head -1
printf '' | mc geometry atlas list --texts - || echo "returns $?"
printf 'a\n\xff\n' | mc geometry atlas list --texts /dev/stdin || echo "returns $?"
texts | mc tokenize "$model" --file <(texts) --ids | cksum
texts | mc tokenize "$model" --file - --ids | cksum
mc geometry atlas list --texts . || echo "returns $?"
