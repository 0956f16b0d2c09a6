mc geometry crm-build "$TESTS/golden/models/tiny-llama" --layers -6..-1 -o x.safetensors
