# Different atlas subsets: the probes in common, said so; a layer that one file lacks.
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral,social --layers 0..2 --output a.safetensors --quiet > /dev/null
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral,temporal --output b.safetensors --quiet > /dev/null
mc geometry crm compare --source a.safetensors --target b.safetensors --permutations 0 --bootstrap 0 --no-groups --output-format json > out.json
python3 - <<'P'
import json
d = json.load(open("out.json"))
print(d["a"]["probesLeftOut"], d["b"]["probesLeftOut"], d["probes"], d["a"]["layers"], d["b"]["layers"])
print([(p["layerA"], p["layerB"]) for p in d["pairs"]][-3:])
print([w["kind"] for w in d["warnings"]])
print(d["notes"])
P
