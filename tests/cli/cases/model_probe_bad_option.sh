# What an option names and is not there is an error, as it is of the capture; a model that cannot be captured is news.
cp -r "$TESTS/golden/models/tiny-llama" tiny
mc model probe tiny --layers 99 || echo "returns $?"
mc model probe tiny --atlas morals || echo "returns $?"
mc model probe tiny --texts nowhere.txt || echo "returns $?"
rm tiny/tokenizer.json
mc model probe tiny --quiet | grep '^note'
