bash -c 'mc --version >/dev/null' # the link, and the name that the program gives itself:
readlink "$(readlink -f "$(command -v mc)")" || basename "$(readlink -f "$(command -v mc)")"
