mc hepl --ai --trace-id run-7
