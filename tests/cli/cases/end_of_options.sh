mc help completions -- --fish
