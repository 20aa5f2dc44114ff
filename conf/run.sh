#!/bin/sh
# Starts Peal to try it: installs what the build needs, builds, and serves the
# demo on this machine only. Arguments are passed to peal, e.g. --port 9000.
set -eu

root=$(dirname "$(dirname "$(readlink -f "$0")")")
build=$root/build-run
packages="gcc libc6-dev cmake ninja-build pkg-config libwebsockets-dev
libwebsockets-evlib-uv libuv1-dev libssl-dev libcjson-dev libcjose-dev
libjansson-dev libxxhash-dev uthash-dev libhiredis-dev liburing-dev
libcurl4-openssl-dev libsqlite3-dev libargon2-dev libpq-dev"

# shellcheck source=conf/install.sh
. "$root/conf/install.sh"

say() {
    printf '%s\n' "$*" >&2
}

# Runs a command and shows its output only if it fails.
quietly() {
    if ! output=$("$@" 2>&1); then
        say "$output"
        say "run.sh: this failed: $*"
        exit 1
    fi
}

refuse_to_install() {
    say "run.sh: $1. Peal needs what these Debian packages hold:"
    say "  $2"
    say "Install them, then run this again, or where there is no apt-get:"
    say "  cmake -B build -DPEAL_TESTS=OFF && cmake --build build"
    say "  build/peal --dev"
    exit 1
}

install_missing() {
    # shellcheck disable=SC2086 # a list of words
    missing=$(list_missing $packages)
    if [ -z "$missing" ]; then
        return
    fi
    if ! command -v apt-get >/dev/null; then
        refuse_to_install "apt-get was not found" "$missing"
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        refuse_to_install "neither root nor sudo" "$missing"
    fi
    # shellcheck disable=SC2086 # a list of words
    install_packages $missing
}

# CMake refuses a build folder that was moved or copied along with the source.
drop_foreign_build() {
    if [ -f "$build/CMakeCache.txt" ] && ! grep -qxF \
        "CMAKE_HOME_DIRECTORY:INTERNAL=$root" "$build/CMakeCache.txt"; then
        rm -rf "$build"
    fi
}

build_release() {
    drop_foreign_build
    if [ ! -x "$build/peal" ]; then
        say "Building Peal, which takes a minute or two the first time"
    fi
    cd "$root"
    quietly cmake --preset release -B "$build" -DPEAL_TESTS=OFF
    quietly cmake --build "$build"
}

install_missing
(build_release)
exec "$build/peal" --dev "$@"
