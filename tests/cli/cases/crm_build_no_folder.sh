mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o none/x.safetensors
