# The name of a run, in its log lines, its error as text and its error as JSON.
mc model probe nowhere --trace-id job-17
mc model probe nowhere --trace-id job-17 --ai
mc help commands --trace-id job-17 --log-level debug >/dev/null
