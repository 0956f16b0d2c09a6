mc tokenize "$TESTS/golden/models/tiny-llama" --no-special --ai '日</s>'
