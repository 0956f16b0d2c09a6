# Two probes make no profile: a reason in every layer, in both forms, and no number.
printf 'one text\nand another\n' > two.txt
mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --texts two.txt --layers 0..1
mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --texts two.txt --layers 1 --ai |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["layers"])'
