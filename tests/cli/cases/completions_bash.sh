source <(mc help completions bash)
complete_words() {
    COMP_WORDS=("$@")
    COMP_CWORD=$(($# - 1))
    _modelcypher 2>/dev/null
    echo "$*: $(printf '%s\n' ${COMPREPLY[@]+"${COMPREPLY[@]}"} | sort -u | tr '\n' ' ')"
}
complete_words mc hel
complete_words mc help sch
complete_words mc help commands --output-format ''
complete_words mc help commands --pre
