# A value that is not finite is named and leaves the other layers alone.
mc geometry fingerprint "$TESTS/golden/crm/older_gaps.json"
