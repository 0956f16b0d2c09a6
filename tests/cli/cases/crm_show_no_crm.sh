cp "$TESTS/golden/models/tiny-llama/model.safetensors" .
mc geometry crm-show model.safetensors
