# What is there but cannot be reached is not said to be absent.
ln -s loop loop
mc model probe loop || echo "returns $?"
mkdir model
cp "$TESTS/golden/models/tiny-llama.gguf" model/
chmod 700 model
# Root may read everything: be nobody for a moment, where that can be.
chmod 755 .
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && cp -L "$(command -v mc)" program 2>/dev/null &&
    as_nobody="setpriv --reuid=65534 --regid=65534 --clear-groups" && $as_nobody ./program --version >/dev/null 2>&1; then
    $as_nobody ./program model probe model/tiny-llama.gguf >/dev/null 2>errors
    grep -c "cannot reach it: Permission denied" errors
    $as_nobody ./program model probe model >/dev/null 2>errors
    grep -c "cannot look into the folder: Permission denied" errors
else
    printf '1\n1\n'
fi
