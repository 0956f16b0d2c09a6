mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --layers 1 --output a.crm.safetensors >/dev/null
mc geometry crm-compare a.crm.safetensors a.crm.safetensors --permutations 50 --bootstrap 20 --no-groups --log-level debug 2>log
grep -o -e 'opened both files' -e 'Gram matrices and leverage' -e 'correspondence of layers' -e 'values of all pairs' log
