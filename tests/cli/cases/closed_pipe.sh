# The reader leaves before the writer starts: no word, and the exit code of a closed pipe.
{ sleep 0.2; mc help completions bash; echo "code $?" >&2; } | true
sleep 0.4
