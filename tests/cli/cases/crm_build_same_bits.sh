# The same file whatever the batch size, the threads and sharing.
export SOURCE_DATE_EPOCH=1700000000
for how in '' '--batch-size 1' '--batch-size 7 --threads 1' '--threads 2 --no-prefix-sharing'; do
    mc geometry crm-build "$TESTS/golden/models/tiny-llama" --atlas moral -o $RANDOM.crm.safetensors $how --quiet >/dev/null || exit
done
python3 - <<'END'
import glob, struct
bodies = set()
for path in glob.glob("*.crm.safetensors"):
    data = open(path, "rb").read()
    bodies.add(data[8 + struct.unpack("<Q", data[:8])[0]:])
print(len(glob.glob("*.crm.safetensors")), "files,", len(bodies), "content")
END
