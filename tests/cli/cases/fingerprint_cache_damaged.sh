# A damaged entry is said, thrown away and computed again.
MODEL="$TESTS/golden/models/tiny-llama"
mc geometry fingerprint "$MODEL" --atlas moral --ai > first.json
for file in .home/.modelcypher/caches/fingerprints/*; do
    printf 'X' | dd of="$file" bs=1 seek=1000 conv=notrunc status=none
done
mc geometry fingerprint "$MODEL" --atlas moral --ai > second.json
mc geometry fingerprint "$MODEL" --atlas moral --ai > third.json
python3 - <<'END'
import json
calls = [json.load(open(name + ".json")) for name in ("first", "second", "third")]
print([call["cached"] for call in calls], calls[0]["layers"] == calls[1]["layers"] == calls[2]["layers"])
END
