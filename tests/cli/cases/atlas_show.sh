mc geometry atlas show semantic_prime:GOOD
mc geometry atlas show emotion:joy --output-format yaml
