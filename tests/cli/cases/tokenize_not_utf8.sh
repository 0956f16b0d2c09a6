printf 'good\nb\xffd\n' >lines
mc tokenize "$TESTS/golden/models/tiny-llama" --file lines --ids
