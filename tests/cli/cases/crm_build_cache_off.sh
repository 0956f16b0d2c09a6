# Where nothing can be kept the file is the same, with a word on standard error.
export SOURCE_DATE_EPOCH=1700000000
tiny=$TESTS/golden/models/tiny-llama
mc geometry crm-build "$tiny" --atlas moral -o plain.safetensors --quiet >/dev/null
build() { mc geometry crm-build "$tiny" --atlas moral -o cached.safetensors --cache-activations >/dev/null && cmp plain.safetensors cached.safetensors; }
MC_CACHE_TTL=0 build
MC_CACHE_SIZE=10k build
MODELCYPHER_HOME=/dev/null build
touch here
MC_ACTIVATION_CACHE_DIR=here/activations build
(unset HOME && build)
mc geometry crm-build "$tiny" --atlas moral -o all.safetensors --cache-activations --pool all >/dev/null
find . -name '*.activations' -o -name '*.checkpoint'
MC_CACHE_TTL=soon build
MC_CACHE_SIZE=large build
