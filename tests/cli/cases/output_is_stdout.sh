# A file that replaces the one where standard output or standard error goes would take what is printed with it.
model="$TESTS/golden/models/tiny-llama"
try() {
    "$@" >printed 2>said
    echo "returns $?: $(wc -l <printed) lines printed"
    cat said
}
build="mc geometry crm-build $model --atlas moral --layers 0 --quiet"
try $build -o /dev/stdout
try $build -o /proc/self/fd/1
try $build -o printed
try $build -o /dev/stderr
try $build -o ok.json --profile=/dev/fd/1
try mc geometry fingerprint "$model" --atlas moral --quiet -o printed
try $build -o other
ls
