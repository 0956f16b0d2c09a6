# A condition that holds: the result is printed, and the exit code says so.
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --output a.safetensors --quiet > /dev/null
mc geometry crm-compare a.safetensors a.safetensors --bootstrap 0 --permutations 0 --ai --fail-if 'cka >= 0.5, probes<10' > out.json
echo "exit $?"
python3 -c "import json; print(round(json.load(open('out.json'))['metrics'][0]['mean'], 9))"
mc geometry crm-compare a.safetensors a.safetensors --bootstrap 0 --permutations 0 --fail-if 'cka<0.98' > /dev/null
echo "exit $?"
