mc help completions
