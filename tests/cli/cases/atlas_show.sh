mc geometry atlas show semantic_prime:GOOD
mc geometry atlas show emotion_concept:fear --output-format yaml
