# Against itself in another file format, and against another pooling of half of the probes.
MODEL="$TESTS/golden/models/tiny-llama"
mc geometry fingerprint "$MODEL" --atlas moral,social --output a.json > /dev/null
mc geometry crm-build "$MODEL" --atlas moral,temporal --pool mean --layers 0,2,final --output b.safetensors --quiet > /dev/null
mc geometry fingerprint compare a.json "$TESTS/golden/models/tiny-llama.gguf" --atlas moral,social --permutations 99 | tail -n +3
mc geometry fingerprint compare a.json b.safetensors --permutations 99 --bootstrap 50
