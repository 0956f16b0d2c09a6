# A model that is run and the file that crm-build makes of it give the same numbers.
MODEL="$TESTS/golden/models/tiny-llama"
mc geometry crm-build "$MODEL" --atlas moral,social --output a.safetensors --quiet > /dev/null
mc geometry intrinsic-dimension "$MODEL" --atlas moral,social --layers 2..-1 --ai > run.json
mc geometry intrinsic-dimension a.safetensors --layers 2..-1 --ai > file.json
python3 - <<'END'
import json
run, file = json.load(open("run.json")), json.load(open("file.json"))
print(run["layers"] == file["layers"], [layer["layer"] for layer in run["layers"]], run["probes"])
END
mc geometry intrinsic-dimension "$MODEL" --atlas moral,social --estimator twonn --layers 0,final
# States that are kept give the same, computed and served.
for call in computed served; do
    mc geometry intrinsic-dimension "$MODEL" --atlas moral,social --layers 2..-1 --cache-activations --ai > $call.json
    cmp run.json $call.json && echo "$call: the same"
done
