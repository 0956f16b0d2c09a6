# Ctrl-C while texts are coming: one line, exit code 130; SIGTERM: 143.
for signal in INT TERM; do
    "$TESTS/cli/stop_when.py" $signal 1 out mc tokenize "$TESTS/golden/models/tiny-llama" --file - --ids \
        < <(yes 'a line of text' 2>&1) >out
    echo "code $?"
    rm out
done
