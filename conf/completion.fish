# Completion of peal for fish: copy it as peal.fish to
# /usr/share/fish/vendor_completions.d or ~/.config/fish/completions.
#
# It asks the program itself, so it knows what that program knows.

function __peal_flags
    $argv --help 2>/dev/null | string match -r -g '^  (--[a-z_.-]+)'
end

function __peal_commands
    $argv --help 2>/dev/null | sed -n '/^Commands/,/^$/s/^  \([a-z-]*\) .*/\1/p'
end

# Of a command that has some: "peal client show".
function __peal_actions
    $argv --help 2>/dev/null |
        sed -n "/^Usage/,/^\$/s/^.*peal $argv[2] \([a-z][a-z-]*\).*/\1/p" | sort -u
end

function __peal_propose
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l program $before[1]
    switch $before[-1]
        case --config --ca --cert --cert-key --key '*_file' --log.file '--tls.*'
            __fish_complete_path $word
            return
    end
    if test (count $before) -gt 1; and not string match -q -- '-*' $before[2]
        __peal_flags $program $before[2]
        if test (count $before) -eq 2
            __peal_actions $program $before[2]
        end
    else if test (count $before) -eq 1; and not string match -q -- '-*' $word
        __peal_commands $program
    else
        __peal_flags $program
    end
end

complete -c peal -f -a '(__peal_propose)'
