cp -r "$TESTS/golden/models/tiny-llama" tiny
export MC_THREADS=2 # tiles, and what is shared in them, depend on the number of workers
mc model probe tiny --threads 2
rm tiny/tokenizer.json
mc model probe tiny --ai
mc model probe "$TESTS/golden/models/tiny-llama.gguf" --layers 0..2 --texts-per-probe 1 --deep --quiet
