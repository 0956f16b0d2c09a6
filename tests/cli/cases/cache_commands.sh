# What is kept: listed, verified, found damaged, removed; nothing without a yes.
tiny=$TESTS/golden/models/tiny-llama
export MODELCYPHER_HOME=home
folder=home/caches/activations
dates() { sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5}/YYYY-MM-DD HH:MM/g; s/-[0-9a-f]{32}/-KEY/'; }
mc cache ls
mc geometry crm-build "$tiny" --atlas moral --layers 1,2 --cache-activations >/dev/null
mc cache ls | dates
mc cache ls --kind activations --files | dates
mc cache ls --model other
mc storage status | sed "s|[0-9.]* [KMGT]iB\$|FREE|"
mc cache verify
printf x | dd of="$(echo "$folder"/tiny-llama-layer-002-*)" bs=1 seek=5000 conv=notrunc status=none
mc cache verify | dates
mc cache verify --remove | dates
touch "$folder/.tiny.activations.77-1.part" "$folder/notes.txt"
mc cache gc
MC_CACHE_SIZE=1 mc cache gc
mc geometry crm-build "$tiny" --atlas moral --layers 1,2 --cache-activations >/dev/null
touch -d '8 days ago' "$folder"/*layer-001*
mc cache gc
mc cache clear
echo "code $?"
mc cache clear --ai --trace-id t
echo "code $?"
mc cache clear --no-prompt
echo "code $?"
mc cache clear --kind activations --yes
mc cache clear --yes
ls "$folder"
