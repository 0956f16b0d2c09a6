mc model list | head -5; mc model list --ai | python3 -c 'import json, sys; print(json.load(sys.stdin)["architectures"][0])'
