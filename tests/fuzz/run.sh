#!/usr/bin/env bash
# Searches with every fuzz target for a while, and tells how far each came:
#
#   tests/fuzz/run.sh BUILD SECONDS [TARGET...]
#
# What is found lies in BUILD/fuzz/<target>/: put a crash into corpus/<target>/
# as a regression, and mend what it shows.
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$1" && pwd)
seconds=$2
shift 2
[ $# -gt 0 ] || set -- $(cd "$here" && ls fuzz_*.c | sed 's/\.c$//')

for target; do
    found=$build/fuzz/$target
    mkdir -p "$found/corpus" "$here/corpus/$target"
    options="-max_total_time=$seconds -rss_limit_mb=2048 -timeout=30"
    options="$options -artifact_prefix=$found/ -print_final_stats=1"
    [ ! -f "$here/$target.dict" ] || options="$options -dict=$here/$target.dict"
    # shellcheck disable=SC2086 # a list of words
    "$build/tests/fuzz/$target" $options "$found/corpus" \
        "$here/corpus/$target" >"$found/log" 2>&1 || echo "$target: crashed"
    printf '%s: ' "$target"
    grep -oE 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$found/log" | tail -1 |
        tr '\n' ' '
    grep -oE 'number_of_executed_units: [0-9]+' "$found/log" || echo
done
