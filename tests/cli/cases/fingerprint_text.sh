mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --atlas moral,social
