# "-" is standard output elsewhere: no file is made of that name by mistake.
model="$TESTS/golden/models/tiny-llama"
mc geometry crm-build "$model" --atlas moral -o - || echo "returns $?"
mc geometry crm-build "$model" --atlas moral --profile=- || echo "returns $?"
mc geometry fingerprint "$model" --output=- || echo "returns $?"
mc geometry crm-compare a.json b.json --csv - || echo "returns $?"
ls
mc geometry crm-build "$model" --atlas moral --layers 0 -o ./- >/dev/null && ls
