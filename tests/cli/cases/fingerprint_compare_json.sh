MODEL="$TESTS/golden/models/tiny-llama"
mc geometry fingerprint compare "$MODEL" "$MODEL" --atlas moral --permutations 99 --ai > got.json
python3 - <<'END'
import json
got = json.load(open("got.json"))
print(abs(got["distance"]) < 1e-9, got["p"], got["sameModel"], got["a"]["cached"], got["b"]["cached"], got["probes"])
print([(pair["layerA"], pair["layerB"]) for pair in got["correspondence"]], got["leastTypicalShared"])
print([(row["quantity"], row["kind"], row["median"]) for row in got["differences"]])
END
