# The folder in which the examples of the help pages are run.
mkdir models
ln -s "$TESTS/golden/models/tiny-llama" models/tiny-llama
ln -s "$TESTS/golden/models/tiny-llama.gguf" model.gguf
mc geometry crm-build models/tiny-llama --output tiny.crm.safetensors --quiet >/dev/null
printf 'a first text\nand a second one\n' > prompts.txt
mc geometry crm-build model.gguf --atlas semantic_primes --output base.crm.safetensors > build.txt
mc geometry crm-build models/tiny-llama --atlas semantic_primes --control --output tuned.crm.safetensors >> build.txt
