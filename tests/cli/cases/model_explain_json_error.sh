mkdir empty
mc model explain empty --ai --trace-id t
