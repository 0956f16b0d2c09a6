# Without a home, and with one that cannot be written, it works and says so.
MODEL="$TESTS/golden/models/tiny-llama"
env -u HOME mc geometry fingerprint "$MODEL" --atlas moral --layers 1 | sed -n 1p
touch in_the_way
MODELCYPHER_HOME=in_the_way mc geometry fingerprint "$MODEL" --atlas moral --layers 1 | sed -n 1p
