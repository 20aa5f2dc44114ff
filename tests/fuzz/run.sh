#!/usr/bin/env bash
# Runs every fuzz target for the given CPU time, one after the other, and prints
# the progress of each:
#
#   tests/fuzz/run.sh BUILD SECONDS [TARGET...]
#
# cov: edges of our code that were reached; new: inputs that reach more than the
# corpus, in BUILD/fuzz/<target>/corpus/; found: crashes, leaks and slow inputs,
# in BUILD/fuzz/<target>/. Add findings to corpus/<target>/ as regression tests,
# and fix them. Exits with 1 if anything was found.
set -eu

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$(cd "$1" && pwd)
seconds=$2
shift 2
[ $# -gt 0 ] || set -- $(cd "$here" && ls fuzz_*.c | sed 's/\.c$//')
ticks=$(getconf CLK_TCK)

# The CPU time of a process in seconds; nothing if it has ended.
cpu_seconds() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null |
        awk -v ticks="$ticks" '$1 != "Z" { print int(($12 + $13) / ticks) }'
}

# Stops the process gracefully when its time is used up, so that it prints its
# figures.
search() {
    local found=$build/fuzz/$1 options pid used=0 now
    mkdir -p "$found/corpus" "$here/corpus/$1"
    options="-rss_limit_mb=2048 -timeout=120 -artifact_prefix=$found/"
    options="$options -print_final_stats=1"
    [ ! -f "$here/$1.dict" ] || options="$options -dict=$here/$1.dict"
    # shellcheck disable=SC2086 # a list of words
    "$build/tests/fuzz/$1" $options "$found/corpus" "$here/corpus/$1" \
        >"$found/log" 2>&1 &
    pid=$!
    while now=$(cpu_seconds $pid) && [ -n "$now" ]; do
        used=$now
        [ "$used" -lt "$seconds" ] || kill -USR1 $pid 2>/dev/null || true
        sleep 1
    done
    wait $pid || true
    show "$1" "$used" "$found"
}

# The last number after a word of the log.
figure() {
    grep -oE "$1 ?[0-9]+" "$2" | tail -1 | grep -oE '[0-9]+$' || echo 0
}

show() {
    local found
    found=$(find "$3" -maxdepth 1 -type f ! -name log | wc -l)
    printf '%-22s %6s s %12s executed %6s cov %5s new %3s found\n' "$1" "$2" \
        "$(figure number_of_executed_units: "$3/log")" \
        "$(figure cov: "$3/log")" "$(find "$3/corpus" -type f | wc -l)" \
        "$found"
    [ "$found" -eq 0 ] || result=1
}

result=0
for target; do
    search "$target"
done
exit $result
