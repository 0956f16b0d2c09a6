mc model explain "$TESTS/golden/arch/qwen2" --output-format json | head -c 100
