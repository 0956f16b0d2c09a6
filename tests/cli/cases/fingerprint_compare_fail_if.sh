# A condition that holds exits with 3 and says what the number is; one that is misspelt never runs.
MODEL="$TESTS/golden/models/tiny-llama"
ask() { mc geometry fingerprint compare "$MODEL" "$MODEL" --atlas moral --permutations 20 --fail-if "$@" > /dev/null; echo $?; }
ask 'distance>0.05, norm!=1'
ask 'distance>0.05,least>0.9'
ask 'p<0.5' --permutations 0
ask 'distanc>0.05'
ask ''
