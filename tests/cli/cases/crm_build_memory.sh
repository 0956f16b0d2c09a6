# What cannot fit is refused at once, with options that fit; what fits in pieces has the same bits.
cp "$TESTS/golden/models/tiny-llama.gguf" .
build="mc geometry crm-build tiny-llama.gguf --atlas moral --threads 3"
$build -o x.safetensors --max-memory 40KiB
$build -o x.safetensors --max-memory 500KiB
$build -o x.json --max-memory 1100KiB
ls
$build -o whole.safetensors --quiet >/dev/null
$build -o x.safetensors --max-memory 1100KiB | grep -e passes -e memory
python3 - <<'END'
def matrices(path):
    data = open(path, "rb").read()
    return data[8 + int.from_bytes(data[:8], "little"):]
print(matrices("x.safetensors") == matrices("whole.safetensors"))
END
