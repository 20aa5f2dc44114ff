#!/bin/sh
# Two instances of Peal, one Redis, and a proxy in front of them, on this
# machine alone; Ctrl-C ends all of it.
#
#   conf/cluster/run.sh nginx               (or haproxy)
#   conf/cluster/run.sh nginx sentinel
#   conf/cluster/run.sh nginx cluster
#
# With "sentinel", Redis is a master and a replica, watched by three Sentinels:
# kill the master, and the service goes on with the replica.
#
# With "cluster", Redis is a cluster of three masters with a replica each.
#
# Ports of 127.0.0.1: the proxy 8080, the instances 8081 and 8082, Redis 6380,
# its replica 6381, and the Sentinels 6382 to 6384; or the cluster's nodes 6380
# to 6385, which talk to each other at 6386 to 6391. With FIRST_PORT=9000 these
# are 9000, 9001, 9002, and 9003 onwards.
#
# REDIS=valkey takes Valkey in the place of Redis.
set -eu

here=$(dirname "$(readlink -f "$0")")
root=$(dirname "$(dirname "$here")")
pids=""
watched="" # those of them without which nothing goes on
kind=""
front=${FIRST_PORT:-8080}
one=$((front + 1))
two=$((front + 2))
redis=6380
[ -z "${FIRST_PORT:-}" ] || redis=$((front + 3))
server=${REDIS:-redis}-server
client=${REDIS:-redis}-cli

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "run.sh: $*"
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

is_there() {
    PATH=$PATH:/usr/sbin:/sbin command -v "$1" >/dev/null
}

# The programs of these names, out of the packages of the same names or others.
install_missing() {
    missing=""
    is_there "$server" || missing=$server
    is_there curl || missing="$missing curl"
    is_there "$proxy" || missing="$missing $proxy"
    [ -n "$missing" ] || return 0
    is_there apt-get || die "these are missing: $missing"
    say "Installing $missing"
    # they must not start services of their own
    as_root apt-get -qq update
    # shellcheck disable=SC2086 # a list of words
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -qq -y \
        -o Dpkg::Use-Pty=0 --no-install-recommends install $missing >/dev/null
}

# In the background; its output goes to a log.
start() {
    name=$1
    shift
    "$@" >"$folder/$name.log" 2>&1 &
    pids="$! $pids"
    case $kind:$name in
    sentinel:redis* | cluster:redis*) ;; # one of them may end
    *) watched="$! $watched" ;;
    esac
}

end_all() {
    trap - EXIT INT TERM
    say ""
    say "Ending"
    # the proxy first, Redis last
    for pid in $pids; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    rm -rf "$folder"
}

show_logs() {
    for log in "$folder"/*.log; do
        say "--- $(basename "$log")"
        tail -n 5 "$log" >&2
    done
}

# Until what listens on these ports answers, or for 15 s.
wait_ready() {
    tries=0
    for port in "$@"; do
        until curl -fs -o /dev/null "http://127.0.0.1:$port/ready"; do
            tries=$((tries + 1))
            if [ $tries -gt 150 ]; then
                show_logs
                die "port $port does not answer"
            fi
            sleep 0.1
        done
    done
}

# A file of this folder with the ports that were asked for.
copy_conf() {
    sed -e "s/:8080/:$front/" -e "s/:8081/:$one/" -e "s/:8082/:$two/" \
        -e "s/:6380/:$redis/" "$here/$1" >"$folder/$1"
}

start_redis() {
    port=$1
    shift
    mkdir "$folder/$port"
    start "redis-$port" "$server" --port "$port" --bind 127.0.0.1 \
        --dir "$folder/$port" --save "" --appendonly yes "$@"
}

# Until the answer to a command contains a word, or for 15 s.
wait_redis() {
    tries=0
    # shellcheck disable=SC2086 # a list of words
    until "$client" -p "$1" $2 2>&1 | grep -q "$3"; do
        tries=$((tries + 1))
        [ $tries -le 150 ] || die "Redis at port $1 does not say $3"
        sleep 0.1
    done
}

# A Sentinel writes into its config file.
start_sentinel() {
    printf '%s\n' "port $1" "bind 127.0.0.1" \
        "sentinel monitor mymaster 127.0.0.1 $redis 2" \
        "sentinel down-after-milliseconds mymaster 2000" \
        "sentinel failover-timeout mymaster 10000" >"$folder/$1.conf"
    start "sentinel-$1" "$server" "$folder/$1.conf" --sentinel
}

# In earnest each runs on a machine of its own, with two replicas and
# min-replicas-to-write 1: see conf/README.md.
start_with_sentinels() {
    sentinels=""
    start_redis "$redis"
    start_redis $((redis + 1)) --replicaof 127.0.0.1 "$redis"
    # the Sentinels look for replicas when they start, and then seldom
    wait_redis $((redis + 1)) "info replication" master_link_status:up
    for port in $((redis + 2)) $((redis + 3)) $((redis + 4)); do
        start_sentinel "$port"
        sentinels=$sentinels${sentinels:+,}127.0.0.1:$port
    done
    export PEAL_REDIS_URL="redis+sentinel://$sentinels/mymaster"
}

# The nodes know each other before Peal asks one of them.
start_cluster() {
    nodes=""
    for port in $(seq "$redis" $((redis + 5))); do
        start_redis "$port" --cluster-enabled yes \
            --cluster-port $((port + 6)) --cluster-node-timeout 2000 \
            --repl-diskless-sync-delay 0
        nodes="$nodes 127.0.0.1:$port"
    done
    for port in $(seq "$redis" $((redis + 5))); do
        wait_redis "$port" ping PONG
    done
    # shellcheck disable=SC2086 # a list of words
    "$client" --cluster create $nodes --cluster-replicas 1 --cluster-yes \
        >"$folder/create.log" 2>&1 || die "$(cat "$folder/create.log")"
    for port in $(seq "$redis" $((redis + 5))); do
        wait_redis "$port" "cluster info" cluster_state:ok
    done
    # the last three are replicas; only one that has followed can take over
    for port in $(seq $((redis + 3)) $((redis + 5))); do
        wait_redis "$port" "info replication" master_link_status:up
    done
    # shellcheck disable=SC2086 # a list of words
    PEAL_REDIS_URL="redis+cluster://$(printf '%s,' $nodes | sed 's/,$//')"
    export PEAL_REDIS_URL
}

start_proxy() {
    case $proxy in
    nginx)
        copy_conf nginx.conf
        start nginx nginx -p "$folder" -c "$folder/nginx.conf" -e stderr
        ;;
    haproxy)
        copy_conf haproxy.cfg
        start haproxy haproxy -db -f "$folder/haproxy.cfg"
        ;;
    esac
}

proxy=${1:-}
case $proxy in
nginx | haproxy) ;;
*) die "which proxy: nginx or haproxy?" ;;
esac

kind=${2:-}
case $kind in
"") ;;
sentinel | cluster) ;;
*) die "what else: nothing, sentinel or cluster?" ;;
esac

install_missing
PATH=$PATH:/usr/sbin:/sbin
peal=${PEAL_BINARY:-}
unset PEAL_BINARY # peal takes PEAL_ variables for its settings
if [ -z "$peal" ]; then
    "$root/conf/run.sh" --version >/dev/null # builds it
    peal=$root/build-run/peal
fi

folder=$(mktemp -d)
trap end_all EXIT
trap 'exit 0' INT TERM
copy_conf peal.json
case $kind in
sentinel) start_with_sentinels ;;
cluster) start_cluster ;;
*) start_redis "$redis" ;;
esac
for port in $one $two; do
    start "peal-$port" "$peal" --config "$folder/peal.json" --port "$port" \
        --web_root "$root/web"
done
# a proxy that looks too early would leave them out for a while
wait_ready "$one" "$two"
start_proxy
wait_ready "$front"

say ""
say "  Open http://127.0.0.1:$front/ in two windows and chat."
say "  Behind $proxy are http://127.0.0.1:$one/ and http://127.0.0.1:$two/."
say "  Ctrl-C ends all of it."

# ends when one of them does, or with Ctrl-C
while :; do
    for pid in $watched; do
        if ! kill -0 "$pid" 2>/dev/null; then
            show_logs
            die "process $pid ended"
        fi
    done
    sleep 1
done
