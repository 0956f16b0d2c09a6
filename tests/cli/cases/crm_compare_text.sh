# A model against itself in another file format: everything is alike, to the eye and to the test.
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral,social --output a.safetensors --quiet > /dev/null
mc geometry crm-build "$TESTS/golden/models/tiny-llama.gguf" --atlas social,moral --control --output b.json --quiet > /dev/null
mc geometry crm-compare a.safetensors b.json --permutations 100 --bootstrap 100 --csv pairs.csv
head -2 pairs.csv
