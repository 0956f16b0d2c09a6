# What runs is seen from elsewhere, and gone when it ends, even by SIGKILL.
yes 'a line of text that is long enough to keep the program busy for a while' | head -n 40000 | cat -n >lines
running() { mc system status --ai | grep -o '"pid":[0-9]*,"host":"[^"]*","command":"[^"]*","model":"[^"]*"' | sed 's/"pid":[0-9]*,"host":"[^"]*",//'; }
await() { for ((i = 0; i < 200; i++)); do [ "$(running)" = "$1" ] && return; sleep 0.1; done; echo "never: $1"; }
for signal in TERM KILL; do
    mc geometry crm-build "$TESTS/golden/models/tiny-llama" --texts lines --backend ref -o x.crm.safetensors >out 2>&1 &
    await '"command":"geometry crm-build","model":"tiny-llama"'
    mc system status | tail -n 2
    kill -$signal $!
    wait $! 2>/dev/null
    echo "code $?"
    await ''
    ls .home/.modelcypher/runs
done
mc system status | tail -n 1
