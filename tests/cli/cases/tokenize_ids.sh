# One line of ids for each line of the file; lines end at LF only, an empty one is an empty text.
printf 'one\r\n\n<s> two\nthe end' >lines
mc tokenize "$TESTS/golden/models/tiny-llama" --file lines --ids
mc tokenize --ids "$TESTS/golden/models/tiny-llama" --no-special --file - <lines
mc tokenize "$TESTS/golden/models/tiny-llama" --ids --file lines --ai
