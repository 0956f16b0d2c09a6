printf 'one\ntwo\n' | mc tokenize "$TESTS/golden/models/tiny-llama" --file -
