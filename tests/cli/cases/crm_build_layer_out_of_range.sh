mc geometry crm-build "$TESTS/golden/models/tiny-llama" --layers 0,5 -o x.safetensors
