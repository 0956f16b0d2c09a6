# A limit of file sizes is an error like a full disk, not a signal that ends the program.
ulimit -f 64
mc geometry crm-build "$TESTS/golden/models/tiny-llama" -o x.crm.safetensors
echo "code $?"
ls -A
