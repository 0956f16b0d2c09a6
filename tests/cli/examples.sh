# The folder in which the examples of the help pages are run.
mkdir models
ln -s "$TESTS/golden/arch/llama_gqa" models/tiny-llama
