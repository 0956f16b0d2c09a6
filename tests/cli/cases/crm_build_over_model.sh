# The result must not replace what it is made from.
tiny=$TESTS/golden/models/tiny-llama
cp "$tiny.gguf" m.gguf
cp -r "$tiny" folder
ln -s m.gguf link
ln -s folder/config.json other
printf 'one text\n' >t.txt
for output in ./m.gguf link t.txt; do mc geometry crm-build m.gguf --texts t.txt -o $output; done
for file in config.json tokenizer.json model.safetensors; do
    mc geometry crm-build folder --texts t.txt -o folder/$file
done
mc geometry crm-build folder --texts t.txt -o other
mc geometry fingerprint folder --texts t.txt -o other
mc geometry crm-build folder --texts t.txt -o a.crm --quiet >/dev/null
mc geometry fingerprint a.crm -o a.crm
mc geometry crm-compare a.crm a.crm --csv a.crm
cmp m.gguf "$tiny.gguf" && diff -r folder "$tiny" && cat t.txt
