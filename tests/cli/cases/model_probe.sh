cp -r "$TESTS/golden/models/tiny-llama" tiny
mc model probe tiny
rm tiny/tokenizer.json
mc model probe tiny --ai
