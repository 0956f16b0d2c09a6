# At debug every stage reports its seconds, on standard error though that is no terminal.
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o a.safetensors --log-level debug >/dev/null
echo "--" >&2
MC_LOG_LEVEL=debug mc geometry crm-compare a.safetensors a.safetensors -P 20 -B 20 --layers 1,2 >/dev/null
