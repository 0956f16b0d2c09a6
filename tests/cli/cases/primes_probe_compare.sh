# The semantic primes alone: built, and picked out of a larger file.
model=$TESTS/golden/models/tiny-llama
mc geometry primes probe-model "$model" --layers 2 | grep -E '^(probes|layers|output) '
mc geometry crm-build "$model" --layers 2 --atlas semantic_primes,moral -o both.safetensors >/dev/null
mc geometry primes compare tiny-llama.primes.crm.safetensors both.safetensors -P 20 -B 20 --ai |
    python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["_schema"], r["probes"]); print("%.6f" % r["metrics"][0]["mean"])'
mc geometry crm-build "$model" --layers 2 --atlas moral -o moral.safetensors >/dev/null
mc geometry primes compare moral.safetensors both.safetensors
mc geometry crm-build "$model" --layers 2 --pool all -o tokens.safetensors >/dev/null
mc geometry primes compare tokens.safetensors tokens.safetensors
