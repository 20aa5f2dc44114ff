# Installs Debian packages. Other scripts read this file; it runs nothing by
# itself.
# shellcheck shell=sh

# Prints the packages among the arguments that are not installed, each followed by
# a blank. Uses one dpkg-query for all, so that a second start is quick.
list_missing() {
    installed=$(dpkg-query -W -f '${Package}=${db:Status-Status} ' "$@" \
        2>/dev/null || true)
    for package in "$@"; do
        case " $installed" in
        *" $package=installed "*) ;;
        *) printf '%s ' "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

# Fails if apt-get fails, which has then printed the reason.
install_packages() {
    printf 'Installing %s\n' "$*" >&2
    as_root apt-get -qq update &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
            -o Dpkg::Use-Pty=0 --no-install-recommends install "$@" >/dev/null
}
