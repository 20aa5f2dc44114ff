#!/usr/bin/env bash
# Checks the format of each C file.
#
#   tests/layout/format.sh          lists the files that differ; exits with 1 if any does
#   tests/layout/format.sh --fix    formats them
#
# Releases of clang-format differ a little, so only Debian 12's (14) is used.
# Debian 13 does not have it: there, the script checks nothing, says so, and exits
# with 77.
set -eu

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
version=14

find_formatter() {
    local name
    for name in clang-format-$version clang-format; do
        if "$name" --version 2>/dev/null | grep -q "version $version\."; then
            formatter=$name
            return
        fi
    done
    echo "clang-format $version is missing (Debian 12's package clang-format)"
    grep -qx VERSION_CODENAME=trixie /etc/os-release && exit 77
    exit 1
}

c_files() {
    { git ls-files --cached --others --exclude-standard -- '*.c' '*.h' ||
        find protocols server tests -name '*.[ch]'; } 2>/dev/null | sort -u | while read -r file; do
        [ ! -f "$file" ] || printf '%s\n' "$file"
    done
}

# Lists the files that differ, one per line.
differing() {
    c_files | xargs -d '\n' "$formatter" --dry-run 2>&1 |
        sed -n 's/^\(.*\.[ch]\):[0-9]*:[0-9]*: warning:.*/\1/p' | sort -u
}

export LC_ALL=C
find_formatter
if [ "${1:-}" = --fix ]; then
    differing | xargs -r -d '\n' "$formatter" -i
    exit
fi
wrong=$(differing)
[ -z "$wrong" ] || {
    printf '%s: not as clang-format writes it (tests/layout/format.sh --fix)\n' $wrong
    exit 1
}
