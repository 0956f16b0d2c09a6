cd "$TESTS" && mc model explain golden/arch/qwen2 --output-format json | head -c 100
