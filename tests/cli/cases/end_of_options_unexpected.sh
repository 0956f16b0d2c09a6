mc model explain "$TESTS/golden/models/tiny-llama" -- --help || echo "returns $?"
mc help commands -- -x || echo "returns $?"
mc model explain "$TESTS/golden/models/tiny-llama" -- two words || echo "returns $?"
