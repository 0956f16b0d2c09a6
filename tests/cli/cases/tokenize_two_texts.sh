mc tokenize "$TESTS/golden/models/tiny-llama" 'one' --file lines
