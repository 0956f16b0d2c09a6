mc geometry validate | grep -E '^(failed|cka  .*lines)'
mc geometry validate --ai | python3 -c 'import json, sys; print(json.load(sys.stdin)["failed"])'
