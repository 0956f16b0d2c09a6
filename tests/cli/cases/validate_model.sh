cp -r "$TESTS/golden/models/tiny-llama" tiny
mc geometry validate tiny
rm tiny/tokenizer.json
mc geometry validate tiny
echo "exit $?"
cp "$TESTS/golden/models/tiny-llama.gguf" .
mc geometry validate tiny-llama.gguf --atlas moral --ai | head -c 200
