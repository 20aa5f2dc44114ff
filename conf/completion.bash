# Completion of peal for bash: source it, or copy it to
# /usr/share/bash-completion/completions/peal.
#
# It asks the program itself, so it knows what that program knows.

_peal_flags() {
    "$@" --help 2>/dev/null | grep -o '^  --[a-z_.-]*' | tr -d ' '
}

_peal_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands/,/^$/s/^  \([a-z-]*\) .*/\1/p'
}

# Of a command that has some: "peal client show".
_peal_actions() {
    "$1" "$2" --help 2>/dev/null |
        sed -n "/^Usage/,/^\$/s/^.*peal $2 \([a-z][a-z-]*\).*/\1/p" | sort -u
}

_peal() {
    local program=${COMP_WORDS[0]} word=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
    COMPREPLY=()
    case $before in
    --config | --ca | --cert | --cert-key | --key | *_file | --log.file | --tls.*)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    local words
    if [[ $COMP_CWORD -gt 1 && $command != -* ]]; then
        words=$(_peal_flags "$program" "$command")
        [[ $COMP_CWORD -eq 2 && $word != -* ]] &&
            words+=" $(_peal_actions "$program" "$command")"
    elif [[ $COMP_CWORD -eq 1 && $word != -* ]]; then
        words=$(_peal_commands "$program")
    else
        words=$(_peal_flags "$program")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}

complete -F _peal peal
