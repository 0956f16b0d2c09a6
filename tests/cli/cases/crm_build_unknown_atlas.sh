mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas morals -o x.safetensors
