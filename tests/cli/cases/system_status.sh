mc system status
MC_CPU=portable mc system status --ai | python3 -c 'import json, sys; print([row for row in json.load(sys.stdin)["backends"] if row["chosen"]])'
