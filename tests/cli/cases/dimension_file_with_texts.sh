cp "$TESTS/golden/crm/numpy_probes.safetensors" a.safetensors
mc geometry intrinsic-dimension a.safetensors --atlas moral
