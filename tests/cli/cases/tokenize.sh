mc tokenize "$TESTS/golden/models/tiny-llama" 'The cat sat on the mat: é'
