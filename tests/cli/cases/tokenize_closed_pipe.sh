# Texts without end into a reader that leaves: quiet, and the exit code of a closed pipe.
{ yes 'a long line of text' 2>/dev/null | mc tokenize "$TESTS/golden/models/tiny-llama" --file - --ids
  echo "code $?" >&2; } | head -n 1
