# What comes from where: an option before the environment, the environment before the file.
mkdir -p home
cat > home/config.toml <<'TOML'
# mine
output-format = "yaml"
threads = 2
seed = 7
max-memory = "8GiB"
no-color = true
[huggingface]
home = "/data/hf"
TOML
export MODELCYPHER_HOME=home
unset MC_CPU HF_HOME
MC_THREADS=3 MC_LOG_LEVEL=error mc system config --seed 9 --output-format text
echo "-- a variable before the file"
MC_OUTPUT=text HF_HOME=/elsewhere mc system config | grep -E '^(output|hugging)'
echo "-- the file alone"
mc system config | grep -A3 'name: output-format'
echo "-- --ai decides the format that nobody chose"
rm home/config.toml
mc system config --ai | grep -oE '\{"name":"output-format"[^}]*"from":"[^"]*"'
echo "-- and a format that was chosen stays"
MC_AI_MODE=1 mc system config --output-format text | grep -E '^(output|ai)'
MC_AI_MODE=1 mc system config --no-ai | grep -E '^(output|ai)'
