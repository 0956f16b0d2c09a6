# Where the time went: beside the result, and as a trace.
export MC_THREADS=2 # tiles, and what is shared in them, depend on the number of workers
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o a.json --profile=trace.json --quiet >/dev/null
python3 -c 'import json; print(sorted({e.get("cat", "names") for e in json.load(open("trace.json"))["traceEvents"]}))'
# Workers that follow each other share a line of the trace: the main one, one that computes, one that formats.
python3 -c 'import json; print(len({e["tid"] for e in json.load(open("trace.json"))["traceEvents"]}) <= 3)'
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o a.crm.safetensors --profile=nowhere/trace.json --quiet >/dev/null
