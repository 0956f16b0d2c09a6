# An element that was left out is refused wherever a list is typed, in the same words.
model="$TESTS/golden/models/tiny-llama"
mc geometry crm-build "$model" --atlas moral --layers 1,2 -o a.json --quiet >/dev/null
mc geometry crm-compare a.json a.json --metric cka, || echo "returns $?"
mc geometry crm-compare a.json a.json --fail-if 'cka<0.98, ' || echo "returns $?"
mc geometry intrinsic-dimension a.json --estimator twonn,,mle || echo "returns $?"
mc geometry intrinsic-dimension "$model" --layers ,1 || echo "returns $?"
mc geometry atlas list --atlas , || echo "returns $?"
mc geometry crm-compare a.json a.json --metric ' rsa , cka' --permutations 0 --bootstrap 0 --ai | python3 -c 'import json, sys; print([m["metric"] for m in json.load(sys.stdin)["metrics"]])'
