# What another version of the program has kept is said to be that, never used, and made anew when it is wanted.
mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --atlas moral >/dev/null
entry=$(echo .home/.modelcypher/caches/fingerprints/*)
printf '\001' | dd of="$entry" bs=1 seek=8 conv=notrunc status=none
mc cache verify 2>/dev/null | grep -o "has form 1 of another mc, this one reads 2" || echo "returns $?"
mc geometry fingerprint "$TESTS/golden/models/tiny-llama" --atlas moral 2>&1 >/dev/null | grep -o "cache entry is removed"
mc cache verify | head -n 1
