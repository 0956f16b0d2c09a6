export SOURCE_DATE_EPOCH=1700000000
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --layers 0,final -o m.crm.safetensors >/dev/null
mc geometry crm-show m.crm.safetensors
mc geometry crm-show m.crm.safetensors --output-format yaml | tail -n 45
