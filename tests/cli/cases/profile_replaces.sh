# A trace takes the place of a trace, and of nothing else: not of a model, not of the result of the same run.
cp "$TESTS/golden/models/tiny-llama.gguf" model.gguf
mc geometry crm-build model.gguf --atlas moral --layers 0 --profile=model.gguf || echo "returns $?"
cmp model.gguf "$TESTS/golden/models/tiny-llama.gguf"
mc geometry crm-build model.gguf --atlas moral --layers 0 -o same.json --profile=same.json >/dev/null 2>errors || echo "returns $?"
tail -n 3 errors >&2
head -c 18 same.json; echo
mc model list --profile=trace.json >/dev/null 2>&1 && mc model list --profile=trace.json >/dev/null 2>&1 && echo "a trace is replaced"
# A run that fails says all the same where its time went.
mc geometry crm-build model.gguf --layers 99 --profile 2>&1 | grep -c elapsed
