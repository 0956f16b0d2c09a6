# What the cache has is not computed again, and changes no bit of the file.
export MC_THREADS=2 # tiles, and what is shared in them, depend on the number of workers
export SOURCE_DATE_EPOCH=1700000000
cp -r "$TESTS/golden/models/tiny-llama" tiny
printf 'one line of text\nanother\n' >lines
check() {
    echo "== $*"
    mc geometry crm-build tiny "$@" -o plain.safetensors --quiet >/dev/null || exit
    mc --output-format json geometry crm-build tiny "$@" -o cached.safetensors --cache-activations >summary.json || exit
    cmp plain.safetensors cached.safetensors || exit
    python3 -c 'import json; s = json.load(open("summary.json")); print(s["blocksRun"], s["tokensComputed"], s["cache"])'
}
check --atlas moral --layers 1,2
check --atlas moral --layers 1,2 --batch-size 3 --threads 1
check --atlas moral --layers 1,2 --pool mean
check --atlas moral --layers 0..2
check --atlas moral,semantic_primes --layers 2,final
check --atlas semantic_primes --layers 2,final --control
check --atlas semantic_primes --layers 2,final --control --pool mean --texts-per-probe 1
check --texts lines --layers 2
printf 'one line of text\nsomething new\nanother\n' >lines
check --texts lines --layers 2
ls ~/.modelcypher/caches/activations | sed 's/-[0-9a-f]*\././' | sort | uniq -c
rm ~/.modelcypher/caches/activations/*tiny*layer-002*
check --atlas moral --layers 1,2
mc geometry crm-build tiny --atlas moral --layers 1,2 --cache-activations | sed -n '/^cache/,$p'
mc --output-format json geometry crm-build tiny --atlas moral --layers 1,2 --cache-activations | python3 -c 'import json, sys; s = json.load(sys.stdin); print(s["passes"], s["passMemory"], s["streamed"])'
