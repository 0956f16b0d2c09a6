# Pipes, devices and folders in the place of files: said at once, without waiting for a writer. Texts
# may come from a pipe; a device may have none.
mkfifo pipe
mkdir folder
for what in pipe /dev/null folder; do
    timeout 60 mc model probe $what
    timeout 60 mc geometry crm-show $what
    timeout 60 mc geometry fingerprint $what
    [ $what = pipe ] && continue
    timeout 60 mc tokenize "$TESTS/golden/models/tiny-llama" --file $what
    timeout 60 mc geometry crm-build "$TESTS/golden/models/tiny-llama" --texts $what -o x.safetensors
done
ls
