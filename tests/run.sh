#!/usr/bin/env bash
# Runs every test of Peal: installs what is missing, builds, and ends with one
# line "N passed, M failed".
#
#   tests/run.sh              everything but the stage roots
#   tests/run.sh --fast       without sanitizers and valgrind
#   tests/run.sh STAGE...     only these stages, with the builds they need
#   tests/run.sh --list       lists the stages
#   tests/run.sh roots        installs the package in a minimal Debian 12 and 13
#                             and starts the containers in its own Docker
#                             engine; with PEAL_ROOTS_FULL=1, it also runs the
#                             unit and integration tests in the other Debian,
#                             and in Debian 13 the cluster tests of failures
#                             with Valkey
#
# TEST_BUILDS: the folder for builds and logs (default: this repository).
# TEST_JOBS: the number of parallel stages (default: two per core, because they
# mostly wait, but not more than 4).
set -eu

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
builds=${TEST_BUILDS:-$root}
logs=$builds/build-test-logs
jobs_max=${TEST_JOBS:-$((2 * $(nproc)))}
[ "$jobs_max" -le 4 ] || jobs_max=4
python=/usr/bin/python3 # apt-get installs modules for this one
stage_seconds=2700

packages="git gcc libc6-dev cmake ninja-build pkg-config libwebsockets-dev
libwebsockets-evlib-uv libuv1-dev libssl-dev libcjson-dev libcjose-dev
libjansson-dev libxxhash-dev uthash-dev libhiredis-dev liburing-dev
libcurl4-openssl-dev libsqlite3-dev libargon2-dev libpq-dev libcmocka-dev
clang-format python3 python3-pytest python3-pytest-xdist python3-websockets
python3-jwt python3-cryptography python3-jsonschema python3-wsproto python3-h11 redis-server postgresql valgrind
libc6-dbg curl openssl procps iproute2 util-linux nginx haproxy systemd binutils
aspell aspell-en codespell cppcheck clang-tidy dpkg-dev file python3-yaml python3-kubernetes zsh fish"
# not necessarily installed from packages
programs="nodejs:node npm:npm chromium:chromium
prometheus:promtool"

# The name, the build it tests, the format of its log, whether it runs alone, and
# the function that runs it. Long stages come first, so that all slots are in use
# to the end.
stages="
layout            -       summary shared run_layout
unit              release ctest   shared run_unit
analysis          release summary shared run_analysis
cluster           release pytest  shared run_cluster
asan-cluster-4    asan    pytest  shared run_cluster
tsan-cluster-4    tsan    pytest  shared run_cluster
integration       release pytest  shared run_integration
asan-integration-tls-4 asan pytest shared run_integration
tsan-integration-4 tsan   pytest  shared run_integration
asan-abuse        asan    pytest  shared run_abuse
abuse             release pytest  shared run_abuse
proxies           release pytest  shared run_proxies
faults            release pytest  shared run_faults
asan-faults       asan    pytest  shared run_faults
load              release ctest   shared run_load
systemd           release pytest  shared run_systemd
package           package pytest  shared run_package
roots             package pytest  shared run_roots
differential      release pytest  shared run_differential
conformance       release pytest  shared run_conformance
conformance-tls   release pytest  shared run_conformance
asan-conformance  asan    pytest  shared run_conformance
tsan-conformance-4 tsan   pytest  shared run_conformance
asan-unit         asan    ctest   shared run_unit
tsan-unit         tsan    ctest   shared run_unit
valgrind          release summary shared run_valgrind
instructions      release summary shared run_instructions
web               release summary alone  run_web
"

say() {
    printf '%s\n' "$*"
}

die() {
    say "run.sh: $*" >&2
    say "0 passed, 1 failed"
    exit 1
}

# ---- what the tests need ------------------------------------------------

# shellcheck source=conf/install.sh
. "$root/conf/install.sh"

list_missing_programs() {
    local program
    for program in $programs; do
        command -v "${program#*:}" >/dev/null || printf '%s ' "${program%:*}"
    done
}

install_missing() {
    local missing
    command -v dpkg-query >/dev/null ||
        die "this is no Debian: see 'packages' in this file for what to install"
    # shellcheck disable=SC2086 # a list of words
    missing="$(list_missing $packages)$(list_missing_programs)"
    [ -n "$missing" ] || return 0
    # shellcheck disable=SC2086 # a list of words
    install_packages $missing || die "apt-get could not install $missing"
}

# ---- the stages ----------------------------------------------------------
# Each runs in its own shell, with $stage, $build, $binary and $workers set, and
# writes to its log.

build_preset() {
    local dir=$builds/build-$1
    cmake --preset "$1" -B "$dir" && cmake --build "$dir"
}

# The race detector cannot run if the kernel randomizes addresses too widely: its
# programs are then started without randomization.
without_randomness() {
    local bits
    bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0)
    if [[ $stage == tsan-* ]] && [ "$bits" -gt 28 ]; then
        setarch "$(uname -m)" -R "$@"
    else
        "$@"
    fi
}

# Reports go to files, because tests may discard the output of a program.
set_sanitizer_options() {
    reports=$logs/$stage.reports
    rm -rf "$reports"
    mkdir -p "$reports"
    local common="log_path='$reports/report'"
    export ASAN_OPTIONS="$common:detect_leaks=1:strict_string_checks=1"
    export UBSAN_OPTIONS="$common:print_stacktrace=1"
    export LSAN_OPTIONS="suppressions='$root/tests/lsan.supp':print_suppressions=0"
    export TSAN_OPTIONS="$common:suppressions='$root/tests/tsan.supp':second_deadlock_stack=1:print_suppressions=0"
}

run_layout() {
    "$python" tests/layout/check.py
}

run_analysis() {
    nice "$python" tests/layout/analysis.py "$build"
}

# The race detector runs only the tests that use threads.
run_unit() {
    local only=()
    [[ $stage != tsan-* ]] || only=(-R '^test_(threads|inbox|message|loop|log)$')
    without_randomness ctest --test-dir "$build" --verbose --timeout 120 \
        "${only[@]}"
}

run_load() {
    ctest --test-dir "$build" --verbose --timeout 120 -C load -L load
}

# The TLS stages run the same tests with the same clients.
run_pytest() {
    [[ $stage != *-tls* ]] || export PEAL_TEST_TLS=1
    [[ $stage != *san-* ]] || export PEAL_TEST_PATIENCE=3
    PEAL_BINARY=$binary PEAL_TEST_WORKERS=$workers \
        without_randomness "$python" -m pytest -q -rs --durations=20 -p no:cacheprovider "$@"
}

# These tests mostly wait, so two files run in parallel.
run_integration() {
    run_pytest -n 2 --dist loadfile tests/integration
}

run_conformance() {
    run_pytest tests/conformance
}

# Compares our parsers with those of others.
run_differential() {
    run_pytest tests/differential
}

# Under the sanitizer, allocations cannot be made to fail.
run_faults() {
    local tests=(tests/faults)
    [[ $stage != asan-* ]] ||
        tests=(tests/faults/test_system_calls.py tests/faults/test_clock_jumps.py)
    run_pytest "${tests[@]}"
}

# These measure memory, so the sanitizer must not keep freed blocks.
run_abuse() {
    [[ $stage != asan-* ]] || export PEAL_TEST_SLOWNESS=4
    ASAN_OPTIONS="$ASAN_OPTIONS:quarantine_size_mb=4:thread_local_quarantine_size_kb=64" \
        run_pytest tests/abuse
}

# Behind nginx and HAProxy, with and without TLS to the server.
run_proxies() {
    run_pytest tests/proxies
}

run_cluster() {
    run_pytest -n 2 --dist loadfile tests/cluster
}

# With PEAL_ROOTS_FULL=1, other stages also run in the other Debian.
run_roots() {
    run_pytest tests/roots
}

run_package() {
    run_pytest tests/package
}

# Needs root for namespaces; otherwise, the tests are skipped with the reason.
run_systemd() {
    run_pytest tests/systemd
}

run_web() {
    tests/web/run.sh "$binary"
}

run_valgrind() {
    "$python" tests/valgrind/clean_shutdown.py "$binary"
}

run_instructions() {
    "$python" tests/load/instructions.py "$binary"
}

# ---- counting --------------------------------------------------------------

# cmocka prints the counts of each program; one that printed none has crashed.
count_ctest() {
    awk '
        /\[  PASSED  \] [0-9]+ test/ { gsub(/.*PASSED  \] /, ""); passed += $1 }
        /\[  FAILED  \] [0-9]+ test/ { gsub(/.*FAILED  \] /, ""); failed += $1 }
        /^ *[0-9]+\/[0-9]+ Test +#/ { programs++ }
        /^[0-9]+% tests passed, / { sub(/.*passed, /, ""); broken = $1 }
        END {
            if (failed < broken) failed = broken
            if (!programs) failed = 1
            print passed + 0, failed + 0, 0
        }' "$1"
}

# "3 failed, 10 passed, 1 skipped, 1 error in 3.2s"
count_pytest() {
    awk '
        / in [0-9.]+s/ && /passed|failed|error|skipped/ { last = $0 }
        END {
            n = split(last, words, /[ ,=]+/)
            for (i = 2; i <= n; i++) {
                if (words[i] ~ /^(passed|xpassed)/) passed += words[i - 1]
                if (words[i] ~ /^(failed|error)/) failed += words[i - 1]
                if (words[i] ~ /^(skipped|xfailed)/) skipped += words[i - 1]
            }
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}

# A last line "10 passed, 3 failed", and lines "SKIPPED what: why".
count_summary() {
    awk '
        /^SKIPPED / { skipped++ }
        /^[0-9]+ passed, [0-9]+ failed$/ { passed = $1; failed = $3; seen = 1 }
        END { print passed + 0, seen ? failed + 0 : 1, skipped + 0 }' "$1"
}

count_reports() {
    find "$logs/$stage.reports" -type f 2>/dev/null | wc -l
}

show_reports() {
    local report
    find "$logs/$stage.reports" -type f | head -n 3 | while read -r report; do
        head -n 60 "$report"
    done
}

# ---- running -----------------------------------------------------------------

# One column of a stage's row.
stage_field() {
    say "$stages" | awk -v name="$1" -v field="$2" '$1 == name { print $field }'
}

# The failed assertions of cmocka and their places, which are far above the end
# of the log.
show_assertions() {
    [ "$(stage_field "$stage" 3)" = ctest ] || return 0
    say "--- what failed"
    grep -E 'ERROR( {3}\]|: )|LINE {3}\]|FAILED  \] [a-z]|^[0-9]+: [-+] |\*\*\*(Failed|Timeout|Exception)' \
        "$log" | head -n 60 || true
}

tail_log() {
    say "--- the end of $log"
    tail -n "${1:-60}" "$log"
    say "---"
}

# Runs one stage, prints the result, and writes "passed failed" to its count file.
run_stage() {
    local started=$SECONDS code=0 passed failed skipped reports_found note=""
    stage=$1
    build=$builds/build-$(stage_field "$stage" 2)
    binary=$build/peal
    log=$logs/$stage.log
    workers=1
    [[ $stage != *-4 ]] || workers=4
    export -f say without_randomness run_pytest
    set_sanitizer_options
    export stage build binary workers python root
    local command
    command=$(stage_field "$stage" 5)
    export -f "${command?}"
    (cd "$root" && timeout -k 10 $stage_seconds bash -euo pipefail -c \
        "$command") >"$log" 2>&1 </dev/null || code=$?
    read -r passed failed skipped < <("count_$(stage_field "$stage" 3)" "$log")
    reports_found=$(count_reports)
    failed=$((failed + reports_found))
    # a stage also fails if its command fails or if it runs no tests
    if [ $code -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    if [ "$passed" -eq 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
    say "$passed $failed" >"$logs/$stage.count"

    [ "$skipped" -eq 0 ] || note=", $skipped skipped"
    [ "$reports_found" -eq 0 ] || note="$note, $reports_found sanitizer reports"
    [ $code -ne 124 ] || note="$note, stopped after $stage_seconds s"
    {
        [ "$failed" -eq 0 ] || { show_assertions && tail_log; }
        [ "$reports_found" -eq 0 ] || show_reports
        [ "$skipped" -eq 0 ] || grep '^SKIPPED' "$log" || true
        printf '%-20s %5d passed, %d failed%s (%d s)\n' "$stage" "$passed" \
            "$failed" "$note" $((SECONDS - started))
    } >"$logs/$stage.shown"
    cat "$logs/$stage.shown" # at once, because stages run in parallel
}

run_build() {
    local started=$SECONDS
    log=$logs/build-$1.log
    if (cd "$root" && build_preset "$1") >"$log" 2>&1 </dev/null; then
        printf '%-20s %5s (%d s)\n' "build $1" ok $((SECONDS - started))
        return
    fi
    tail_log 40
    die "the $1 build failed"
}

running() {
    jobs -rp | wc -l
}

# Stages that may run in parallel come first, those that measure time last.
run_stages() {
    local name
    for name in $1; do
        [ "$(stage_field "$name" 4)" = shared ] || continue
        while [ "$(running)" -ge "$jobs_max" ]; do
            wait -n || true
        done
        run_stage "$name" &
    done
    wait
    for name in $1; do
        [ "$(stage_field "$name" 4)" = shared ] || run_stage "$name"
    done
}

sum_up() {
    local name count_passed count_failed passed=0 failed=0
    for name in $1; do
        read -r count_passed count_failed \
            < <(cat "$logs/$name.count" 2>/dev/null || say "0 1")
        passed=$((passed + count_passed))
        failed=$((failed + count_failed))
    done
    say "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
}

# All stages, except those that --fast leaves out and roots.
all_stages() {
    local name
    for name in $(say "$stages" | awk 'NF { print $1 }'); do
        case $name in
        asan-* | tsan-* | valgrind | instructions) [ $fast = no ] || continue ;;
        roots) continue ;; # takes minutes, namespaces, and half a gigabyte
        esac
        say "$name"
    done
}

main() {
    local chosen="" name preset
    fast=no
    while [ $# -gt 0 ]; do
        case $1 in
        --fast) fast=yes ;;
        --list) all_stages && exit 0 ;;
        -*) die "unknown option $1; there are --fast and --list" ;;
        *)
            [ -n "$(stage_field "$1" 1)" ] || die "no stage $1; see --list"
            chosen="$chosen $1"
            ;;
        esac
        shift
    done
    if [ -z "$chosen" ]; then
        chosen=$(all_stages)
        say "Not run by itself: the stage roots (tests/run.sh roots)"
    fi

    case "$chosen " in
    *" roots "*)
        packages="$packages mmdebstrap"
        programs="$programs docker.io:dockerd"
        ;;
    esac
    install_missing
    mkdir -p "$logs"
    for name in $chosen; do
        rm -f "$logs/$name.count"
    done
    # layout reads the keys from the program
    for preset in release package asan tsan; do
        for name in $chosen; do
            case $preset:$(stage_field "$name" 2) in
            release:- | "$preset:$preset") run_build $preset && break ;;
            esac
        done
    done
    run_stages "$chosen"
    sum_up "$chosen"
}

main "$@"
