# The reader has left before the writer starts: no word, and the exit code of a closed pipe.
mkfifo pipe
exec 3<>pipe 4>pipe 3<&-
mc help completions bash >&4
echo "code $?" >&2
