# The result must not replace what it is made from.
cp "$TESTS/golden/models/tiny-llama.gguf" m.gguf
ln -s m.gguf link
printf 'one text\n' >t.txt
mc geometry crm-build m.gguf --texts t.txt -o ./m.gguf
mc geometry crm-build m.gguf --texts t.txt -o link
mc geometry crm-build m.gguf --texts t.txt -o t.txt
cmp m.gguf "$TESTS/golden/models/tiny-llama.gguf" && cat t.txt
