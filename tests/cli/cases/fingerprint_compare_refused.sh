# Probes that are not the same: other ids, and lines of other files.
MODEL="$TESTS/golden/models/tiny-llama"
mc geometry fingerprint "$MODEL" --atlas moral --output a.json > /dev/null
mc geometry fingerprint "$MODEL" --atlas social --output b.json > /dev/null
mc geometry fingerprint compare a.json b.json
echo $?
for name in one two; do
    seq -f "the number %g of $name" 12 > $name.txt
    mc geometry fingerprint "$MODEL" --texts $name.txt --output $name.json > /dev/null
done
mc geometry fingerprint compare one.json two.json
echo $?
sed -i 's/"norm":/"form":/' a.json
mc geometry fingerprint compare a.json b.json
echo $?
mc geometry fingerprint compare b.json b.json --atlas moral
