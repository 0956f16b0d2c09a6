mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --pool all
