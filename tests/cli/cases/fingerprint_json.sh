# What is printed, what is written and what is made of a file agree, and the file is small.
MODEL="$TESTS/golden/models/tiny-llama"
mc geometry crm-build "$MODEL" --output a.safetensors --quiet > /dev/null
mc geometry fingerprint "$MODEL" --output b.json --ai > run.json
mc geometry fingerprint a.safetensors --ai > file.json
python3 - <<'END'
import json, os
run, written, file = (json.load(open(name)) for name in ("run.json", "b.json", "file.json"))
print(run == written, run["layers"] == file["layers"], run["probes"] == file["probes"])
print(run["_schema"], [layer["layer"] for layer in run["layers"]], len(run["sketchProbes"]))
provenance = run["provenance"]
print(sorted(provenance), len(provenance["model"]["contentHash"]), len(provenance["atlas"]["sha256"]))
print(os.path.getsize("b.json") < 5e6, bytes.fromhex(run["layers"][1]["sketch"]["entries"])[:0])
END
