# A file that cannot be written is refused before the work: a million permutations would take hours.
mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral --output a.json >/dev/null
timeout 60 mc geometry crm-compare a.json a.json --metric procrustes --permutations 1000000000 --csv nowhere/pairs.csv || echo "returns $?"
mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --atlas moral -o nowhere/f.json --log-level debug 2>log || echo "returns $?"
grep -e '^mc: no such' -e reason -e hint log >&2
grep -c "block" log # nothing ran
ls -A
