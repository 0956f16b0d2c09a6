# Where the time went: beside the result, and as a trace.
export MC_THREADS=2 # tiles, and what is shared in them, depend on the number of workers
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o a.crm.safetensors --profile=trace.json --quiet >/dev/null
python3 -c 'import json; print(sorted({e["cat"] for e in json.load(open("trace.json"))["traceEvents"]}))'
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o a.crm.safetensors --profile=nowhere/trace.json --quiet >/dev/null
