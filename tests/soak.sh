#!/usr/bin/env bash
# Hours of typical load and failures; checks that the server stays in good
# condition: see tests/soak/soak.py.
#
#   tests/soak.sh SECONDS [BUILD]
#
# BUILD: a folder with peal and peal-bench (default: build-release, built if
# missing). The last line is "1 passed, 0 failed" or "0 passed, 1 failed".
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
[ $# -ge 1 ] || { sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
build=${2:-$root/build-release}
if [ ! -x "$build/peal-bench" ]; then
    cmake -S "$root" --preset release -B "$build"
    cmake --build "$build"
fi
PEAL_BINARY=$build/peal exec /usr/bin/python3 "$root/tests/soak/soak.py" \
    "$1" "$build/peal-bench"
