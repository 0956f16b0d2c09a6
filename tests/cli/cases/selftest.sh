mc selftest > out.txt
echo "exit $?"
grep -E '^(bound|failed) ' out.txt
grep -cE '^llama .* yes *yes$' out.txt
grep -E '^Q4_K ' out.txt
mc selftest "$TESTS/golden/models/tiny-llama" --layers 0,2 --text-count 2 | grep -E '^(texts|tokens|.* agree|bound) '
MC_SELFTEST=nowhere mc selftest
echo "exit $?"
