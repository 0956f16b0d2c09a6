mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --output a.safetensors --quiet > /dev/null
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas social --output b.safetensors --quiet > /dev/null
mc geometry crm-compare a.safetensors b.safetensors
