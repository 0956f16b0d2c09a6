cp "$TESTS/golden/models/tiny-llama/config.json" "$TESTS/golden/models/tiny-llama/model.safetensors" .
mc tokenize . 'one'
