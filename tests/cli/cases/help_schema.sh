mc help schema tokenize | head -30
mc help schema geometry crm-build | python3 -c 'import json, sys; schema = json.load(sys.stdin); print(schema["$id"], schema["required"][:3])'
mc help schema | grep crm-build
mc help schema geometry
