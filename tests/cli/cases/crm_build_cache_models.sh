# Same weights in another sharding hit; one changed byte of the weights, or of the configuration, misses.
mkdir one two three four
for folder in one two three four; do cp -r "$TESTS/golden/models/tiny-llama" $folder/tiny; done
python3 - <<'END'
import json, pathlib, struct
file = pathlib.Path("two/tiny/model.safetensors")
bytes_ = file.read_bytes()
size = struct.unpack("<Q", bytes_[:8])[0]
head, data = json.loads(bytes_[8:8 + size]), bytes_[8 + size:]
names = sorted(name for name in head if name != "__metadata__")
weights = {}
for shard, part in (("model-00001-of-00002.safetensors", names[1::2]), ("model-00002-of-00002.safetensors", names[0::2])):
    table, out = {}, b""
    for name in reversed(part):
        begin, end = head[name]["data_offsets"]
        table[name] = dict(head[name], data_offsets=[len(out), len(out) + end - begin])
        out += data[begin:end]
        weights[name] = shard
    text = json.dumps(table).encode()
    file.with_name(shard).write_bytes(struct.pack("<Q", len(text)) + text + out)
file.with_name("model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weights}))
file.unlink()
changed = bytearray(pathlib.Path("three/tiny/model.safetensors").read_bytes())
changed[-1] ^= 1
pathlib.Path("three/tiny/model.safetensors").write_bytes(changed)
config = pathlib.Path("four/tiny/config.json")
settings = json.loads(config.read_text())
settings["rms_norm_eps"] = 3e-5
config.write_text(json.dumps(settings))
END
for folder in one two three four one; do
    mc --output-format json geometry crm-build $folder/tiny --atlas moral --layers 1,2 --cache-activations -o out.safetensors |
        python3 -c "import json, sys; print('$folder', json.load(sys.stdin)['cache'])"
done
