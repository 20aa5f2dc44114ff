#compdef peal
# Completion of peal for zsh: copy it as _peal to a folder of $fpath, such as
# /usr/share/zsh/vendor-completions.
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
    local program=$words[1] before=$words[CURRENT-1] command=$words[2]
    local word=$words[CURRENT]
    case $before in
    --config|--ca|--cert|--cert-key|--key|*_file|--log.file|--tls.*)
        _files
        return
        ;;
    esac
    local -a proposed
    if (( CURRENT > 2 )) && [[ $command != -* ]]; then
        proposed=(${(f)"$(_peal_flags $program $command)"})
        if (( CURRENT == 3 )) && [[ $word != -* ]]; then
            proposed+=(${(f)"$(_peal_actions $program $command)"})
        fi
    elif (( CURRENT == 2 )) && [[ $word != -* ]]; then
        proposed=(${(f)"$(_peal_commands $program)"})
    else
        proposed=(${(f)"$(_peal_flags $program)"})
    fi
    compadd -- $proposed
}

_peal "$@"
