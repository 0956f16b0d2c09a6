# The file, the line, what is wrong, and the name that may have been meant.
mkdir home
export MODELCYPHER_HOME=home
try() { printf '%s\n' "$@" > home/config.toml; mc help commands > /dev/null; echo "$?"; }
try '# a typing error' 'thread = 2'
try 'threads = "many"'
try 'threads = true'
try 'pretty = 1'
try 'backend = "gpu"'
try 'max-memory = [1, 2]'
try 'home = "/elsewhere"'
try 'no-color = "yes"'
try 'cpu-tier = ""'
try 'output-format = '
try 'seed = 1' 'seed = 2'
try '"threads\u0000" = 1'
printf 'x = "\xff"' > home/config.toml; mc help commands; echo $?
echo "-- help and the version are given all the same"
mc --version
mc --help | head -1
mc system config --help | head -1
echo "-- an error in JSON, where that was asked for"
mc help commands --ai --trace-id t1
rm home/config.toml; mkdir home/config.toml; mc help commands
