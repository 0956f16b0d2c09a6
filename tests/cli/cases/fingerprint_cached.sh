# Computed once; then served until the file is removed, an option differs or the model changes.
cp -r "$TESTS/golden/models/tiny-llama" tiny-llama && chmod -R u+w tiny-llama
ask() {
    mc geometry fingerprint tiny-llama --atlas moral "$@" --ai > got.json
    python3 -c 'import json; got = json.load(open("got.json")); print(got["cached"], got["layers"][1]["norm"]["mean"] > 0)'
}
ask; ask
mc geometry fingerprint tiny-llama --atlas moral | tail -1
echo "asked in another way:"; ask --no-cache; ask --pool mean; ask --texts-per-probe 1; ask --layers 0..1; ask --backend ref
echo "another configuration:"
sed -i 's/"rms_norm_eps": 1e-05/"rms_norm_eps": 1e-04/' tiny-llama/config.json; ask; ask
echo "forgotten:"; ls .home/.modelcypher/caches/fingerprints | sed 's/-[0-9a-f]*\./-KEY./' | sort -u
rm .home/.modelcypher/caches/fingerprints/*tiny-llama*; ask
