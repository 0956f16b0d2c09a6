mc tokenize "$TESTS/golden/models/tiny-llama"
