mc geometry crm build --model "$TESTS/golden/models/tiny-llama" --output-path moral.crm.json --atlas moral --layers=-2,-1 \
    --pool mean --no-split --ai >summary.json
python3 - <<'END'
import json
summary, crm = json.load(open("summary.json")), json.load(open("moral.crm.json"))
print({key: summary[key] for key in ("_schema", "blocks", "layers", "probes", "texts", "split", "output")})
print(sorted(crm["activations"]), crm["layerCount"], crm["hiddenDim"], crm["anchorMetadata"]["totalCount"])
END
