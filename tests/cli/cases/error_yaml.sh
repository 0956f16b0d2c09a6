mkdir empty
mc model explain empty --output-format yaml --trace-id t
