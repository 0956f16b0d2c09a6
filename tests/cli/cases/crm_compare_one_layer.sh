mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --layers 1 --output a.crm.safetensors >/dev/null
mc geometry crm-compare a.crm.safetensors a.crm.safetensors --permutations 50 --bootstrap 20 --no-groups
mc geometry crm-compare a.crm.safetensors a.crm.safetensors --permutations 5 --bootstrap 5 --no-groups | grep '^- '
mc geometry crm-compare a.crm.safetensors a.crm.safetensors --permutations 0 --bootstrap 0 --no-groups | sed -n '/^ *A  *B /,/^$/p; /^- /p'
