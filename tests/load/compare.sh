#!/bin/bash
# Compares Peal with its peers, or with another build of itself: runs the same
# rows for each in turn, the servers on core 0 and the generator on core 1.
#
#   compare.sh [--row NAME]... [--pairs N] [--seconds S] [--peer NAME]...
#              [--binary PEAL] [--against PEAL] [--build FOLDER]
#              [--out FOLDER] [--attempts N] [--urgent] [--list]
#
#   --row       may be given several times, or as one quoted list; all rows
#   --pairs     5: rounds per row; each round runs every server once
#   --peer      instead of the row's peers (--list shows both)
#   --binary    the Peal to measure; BUILD/peal
#   --against   another Peal, in place of the peers
#   --build     folder with peal-bench; build-release
#   --attempts  1: how often to try a run that shared its cores with others
#   --urgent    gives servers and generator real-time priority
#
# Every run starts a new server. Even rounds reverse the order of the servers.
# What cannot be run is listed at the end. The folder --out keeps the figures of
# every run; compare_table.py makes the table.
set -u

here=$(cd "$(dirname "$0")" && pwd)
pairs=5
seconds=3
attempts=1
build=$here/../../build-release
binary=
against=
out=
peers=
rows=
first=()
secret=compare-compare-compare-compare-compare
app='{"id": "1", "key": "app-key", "secret": "app-secret",
    "client_events": true, "client_events_per_second": 0}'
redis_port=20999

# Each row and the peers it is compared with.
row_list() {
    cat <<LIST
echo-1 bun
echo-8 bun
fanout-1 bun
fanout-4 bun
fanout-16 bun
fanout-tls-1 bun-json
fanout-tls-4 bun-json
fanout-tls-16 bun-json
echo-tls-1 bun
echo-tls-8 bun
idle bun
idle-tls bun
handshake-1k bun-auth
handshake-15k bun-auth
churn-1k bun-auth
churn-15k bun-auth
health-10k nginx
shootout bun
latency bun
pusher-1 broadcast
pusher-4 broadcast
pusher-16 broadcast
idle-pusher broadcast
storm-1k bun-auth
storm-14k bun-auth
workers-1
workers-2
one
two socketio
LIST
}

# Prints the comment above without its markers.
usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
}

while [ $# -gt 0 ]; do
    case $1 in
    --list) row_list && exit ;;
    --help | -h) usage && exit ;;
    --urgent)
        chrt --rr 1 true 2>/dev/null ||
            { echo "compare.sh: --urgent: not permitted" >&2; exit 2; }
        first=(chrt --rr 1) && shift && continue
        ;;
    esac
    [ $# -gt 1 ] || { usage >&2; exit 2; }
    case $1 in
    --row | -s) rows="$rows $2" ;;
    --peer | -p) peers="$peers $2" ;;
    --pairs | -r) pairs=$2 ;;
    --seconds | -t) seconds=$2 ;;
    --binary) binary=$(realpath "$2") || exit 2 ;;
    --against) against=$(realpath "$2") || exit 2 ;;
    --build | -b) build=$2 ;;
    --out | -o) out=$2 ;;
    --attempts | -a) attempts=$2 ;;
    *) usage >&2; exit 2 ;;
    esac
    shift 2
done

rows=${rows:-$(row_list | cut -d' ' -f1)}
for row in $rows; do
    row_list | grep -q "^$row\( \|$\)" || {
        echo "compare.sh: no row is called $row; see --list" >&2
        exit 2
    }
done
out=${out:-$(mktemp -d)}
mkdir -p "$out/bin" || exit 2
out=$(cd "$out" && pwd)
build=$(cd "$build" && pwd) || exit 2
bench=$build/peal-bench
binary=${binary:-$build/peal}
[ -x "$bench" ] || { echo "compare.sh: no $bench" >&2; exit 2; }
# fixed ports below those that the kernel assigns to clients
port=$((11000 + $$ % 900 * 10))
: >"$out/missing.txt"
ulimit -n "$(ulimit -Hn)"
export PEAL_AUTH_SECRET=$secret

# ------------------------------------------------------------- the peers

say_missing() { # peer, reason
    grep -q "^$1:" "$out/missing.txt" || echo "$1: $2" >>"$out/missing.txt"
    return 1
}

build_go() { # name
    [ -x "$out/bin/$1" ] && return 0
    command -v go >/dev/null || say_missing "$1" "no Go" || return 1
    GO111MODULE=off GOPATH=/usr/share/gocode GOCACHE=$out/gocache \
        go build -o "$out/bin/$1" "$here/peers/$1/main.go" \
        2>"$out/$1.build.log" ||
        say_missing "$1" "go build: $(head -c 200 "$out/$1.build.log")"
}

has_npm() { # peer, package
    [ -d "$here/peers/node_modules/$2" ] ||
        say_missing "$1" "npm install in tests/load/peers first"
}

can_run() { # peer
    case $1 in
    peal | broadcast) [ -x "$binary" ] || say_missing peal "no $binary" ;;
    against) [ -x "$against" ] || say_missing against "needs --against" ;;
    floor) [ -x "$build/peal-bench-floor" ] || say_missing floor "not built" ;;
    bun | bun-*) has_npm "$1" bun ;;
    ws) has_npm ws ws ;;
    socketio) has_npm socketio socket.io ;;
    gorilla | gin | nethttp) build_go "$1" ;;
    nginx) command -v nginx >/dev/null || say_missing nginx "no nginx" ;;
    nchan) [ -e /usr/lib/nginx/modules/ngx_nchan_module.so ] ||
        say_missing nchan "no libnginx-mod-nchan" ;;
    fastapi) /usr/bin/python3 -c 'import fastapi, uvicorn, uvloop' \
        2>/dev/null || say_missing fastapi "no python3-fastapi, -uvloop" ;;
    *) say_missing "$1" "no such peer" ;;
    esac
}

# Sets the array `command` to the command of a peer.
command_of() { # peer, port, redis url or nothing
    local tls=()
    [ -z "$certificates" ] ||
        tls=("$certificates/server.pem" "$certificates/server.key")
    case $1 in
    peal | against | broadcast)
        command=("$binary") && [ "$1" != against ] || command=("$against")
        command+=(--workers "$workers" --port "$2" --log.level error
            --limits.messages_per_second 0
            ${certificates:+--tls.cert "${tls[0]}" --tls.key "${tls[1]}"}
            ${apps:+--pusher.apps "$apps"}) ;;
    floor) command=("$build/peal-bench-floor" "$2") ;;
    bun | bun-*) command=("$here/peers/node_modules/.bin/bun"
        "$here/peers/bun.js" "$2" ${certificates:+"${tls[@]}"}) ;;
    ws) command=(node "$here/peers/ws.js" "$2") ;;
    socketio) command=(node "$here/peers/socketio.js" "$2" ${3:+"$3"}) ;;
    nginx) command=("$here/peers/nginx.sh" "$2") ;;
    nchan) command=("$here/peers/nchan.sh" "$2") ;;
    fastapi) command=(/usr/bin/python3 "$here/peers/fastapi_peer.py" "$2") ;;
    *) command=("$out/bin/$1" "$2") ;;
    esac
}

# Sets the array `speech` to the options for a peer in a row; false if the peer
# does not support the row.
speech_of() { # peer, row
    local token=(--jwt-secret-env PEAL_AUTH_SECRET)
    case $1/$2 in
    */health-*) serves_health "$1" && speech=(--path /health) ;;
    peal/*pusher*) speech=(--preset pusher) ;;
    peal/echo* | against/echo*) speech=(--preset peal-echo "${token[@]}") ;;
    peal/* | against/* | broadcast/*) speech=(--preset peal "${token[@]}") ;;
    */one | */workers-*) return 1 ;;
    bun*/*tls* | bun/* | bun-auth/*) speech_of_bun "$1" "$2" ;;
    */*tls*) return 1 ;;
    socketio/two) speech=(
        --path '/socket.io/?EIO=4&transport=websocket' --join 40
        --joined '40{' --reply-when 2 --reply-with 3
        --wrap '42["text","%s"]' --expect '42[') ;;
    nchan/echo* | nchan/shootout | floor/shootout) return 1 ;;
    bun-json/*) speech_of_bun "$1" "$2" ;;
    */two | socketio/* | nginx/* | nethttp/* | gin/*) return 1 ;;
    */echo*) speech=(--path /echo) ;;
    */shootout) speech=(--preset shootout --path /shootout) ;;
    *) speech=(--path /ws) ;;
    esac
}

# bun forwards the text unchanged, bun-json sends as much as Peal, and bun-auth
# checks a token per connection, like Peal.
speech_of_bun() { # peer, row
    case $1/$2 in
    */two) return 1 ;;
    bun-json/fanout-* | bun-json/latency) speech=(
        --path '/broadcast/load-%d'
        --wrap '{"type":"broadcast","channel":"bench-%r","payload":"%s"}'
        --expect '{"type":"broadcast",') ;;
    bun-json/*) return 1 ;;
    bun-auth/*) speech=(--path '/token/load-%d'
        --jwt-secret-env PEAL_AUTH_SECRET) ;;
    bun/echo*) speech=(--path /echo) ;;
    bun/shootout) speech=(--preset shootout --path /shootout) ;;
    *) speech=(--path /ws) ;;
    esac
}

serves_health() { # peer
    case $1 in
    peal | against | bun | ws | nginx | nethttp | gin | fastapi | floor) ;;
    *) return 1 ;;
    esac
}

# --------------------------------------------------------------- the rows

# Sets the array `play` to the arguments of a row.
play_of() { # row
    local timed=(--duration "$seconds" --warmup 1)
    case $1 in
    echo-tls-*) play=(echo --connections 500 --depth "${1#echo-tls-}"
        "${timed[@]}") ;;
    echo-*) play=(echo --connections 1000 --depth "${1#echo-}"
        "${timed[@]}") ;;
    fanout-* | pusher-*) play=(fanout --connections 1000 --window "${1##*-}"
        "${timed[@]}") ;;
    latency) play=(fanout --connections 1000 --rate 40 "${timed[@]}") ;;
    idle | idle-pusher) play=(idle --connections 10000 --duration 1 --warmup 1) ;;
    idle-tls) play=(idle --connections 8000 --duration 1 --warmup 1) ;;
    handshake-*) play=(storm --connections 3000 --opening 64
        --base "$(count_of "${1#handshake-}")" --duration 60) ;;
    churn-*) play=(churn --connections 200 --opening 64
        --base "$(count_of "${1#churn-}")" "${timed[@]}") ;;
    storm-*) play=(storm --connections 4000
        --base "$(count_of "${1#storm-}")" --duration 60) ;;
    health-*) play=(http --connections "$(count_of "${1#health-}")"
        "${timed[@]}") ;;
    workers-*) play=(fanout --connections 1000 --window 4 "${timed[@]}") ;;
    shootout) play=(shootout --connections 18000 --step 1000 --limit 0.1
        --duration 120) ;;
    one | two) play=(fanout --connections 200 --publishers 4 --rate 200
        "${timed[@]}") ;;
    esac
}

count_of() { # 15k
    echo "${1%k}000"
}

# Sets what a row requires of server and placement: `workers`, `scheme`,
# `certificates`, `apps`, `server_cores` and `bench_cores`.
set_up() { # row
    workers=1 scheme=ws certificates='' apps='' server_cores=0 bench_cores=1
    case $1 in
    *pusher*) apps="[$app]" ;;
    *-tls*)
        scheme=wss certificates=$out/certificates
        [ -d "$certificates" ] ||
            "$here/../../conf/make_dev_certs.sh" "$certificates" >/dev/null
        ;;
    # servers and generator share all cores: the CPU time counts
    workers-*) workers=${1#workers-} server_cores=0,1 bench_cores=0,1 ;;
    esac
}

peers_of() { # row
    if [ -n "$against" ]; then
        echo "peal against $peers"
    else
        echo "peal ${peers:-$(row_list | sed -n "s/^$1 //p")}"
    fi
}

# ---------------------------------------------------------------- servers

servers=()
redis=

start() { # command...
    env TMPDIR="$out" ${redis:+PEAL_REDIS_URL="$redis"} \
        taskset -c "$server_cores" ${first[@]+"${first[@]}"} "$@" >>"$out/servers.log" 2>&1 &
    servers+=($!)
}

await_port() { # port
    for _ in $(seq 150); do
        (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return 0
        sleep 0.1
    done
    return 1
}

stop_all() {
    for id in ${servers[@]+"${servers[@]}"}; do
        kill "$id" 2>/dev/null
    done
    for id in ${servers[@]+"${servers[@]}"}; do
        wait "$id" 2>/dev/null
    done
    servers=()
}
trap stop_all EXIT

start_peer() { # peer, redis url or nothing
    port=$((port + 1))
    command_of "$1" "$port" "${2:-}"
    start "${command[@]}"
    await_port "$port" && return 0
    say_missing "$1" "did not start; see servers.log"
    stop_all
    return 1
}

# --------------------------------------------------------------- the runs

run_bench() { # peer, row, pair
    for _ in $(seq "$attempts"); do
        bench_once "$@" || return
        grep -q '"shared":true' "$out/$2.$1.$3.json" || return
    done
}

bench_once() { # peer, row, pair; play and speech are set
    start_peer "$1" || return 1
    taskset -c "$bench_cores" ${first[@]+"${first[@]}"} "$bench" "${play[@]}" "${speech[@]}" --name "$1" \
        --quiet --url "$scheme://127.0.0.1:$port" \
        --server-pid "${servers[0]}" \
        --json "$out/$2.$1.$3.json" >>"$out/runs.log" 2>&1
    stop_all
}

# Two instances connected by a separate Redis; the room spans both.
run_two() { # peer, pair
    start redis-server --port "$redis_port" --save '' --bind 127.0.0.1
    await_port "$redis_port" || { stop_all && return; }
    redis=redis://127.0.0.1:$redis_port
    start_peer "$1" "$redis" && start_peer "$1" "$redis"
    local started=$?
    redis=
    [ "$started" = 0 ] || return
    taskset -c 1 ${first[@]+"${first[@]}"} "$bench" "${play[@]}" "${speech[@]}" --name "$1" --quiet \
        --url "ws://127.0.0.1:$((port - 1))" --url "ws://127.0.0.1:$port" \
        --server-pid "${servers[1]}" --server-pid "${servers[2]}" \
        --json "$out/two.$1.$2.json" >>"$out/runs.log" 2>&1
    stop_all
}

run() { # peer, row, pair
    can_run "$1" || return
    set_up "$2"
    play_of "$2"
    speech_of "$1" "$2" || say_missing "$1, $2" "it has no such thing" ||
        return
    case $2 in
    two) run_two "$1" "$3" ;;
    *) run_bench "$1" "$2" "$3" ;;
    esac
}

reverse() {
    for word in "$@"; do printf '%s\n' "$word"; done | tac
}

for row in $rows; do
    for pair in $(seq "$pairs"); do
        order=$(peers_of "$row")
        # shellcheck disable=SC2086 # words
        [ $((pair % 2)) = 1 ] || order=$(reverse $order)
        for peer in $order; do
            [ -t 2 ] && printf '\r\033[K%s, pair %s, %s' \
                "$row" "$pair" "$peer" >&2
            run "$peer" "$row" "$pair"
        done
    done
done
[ -t 2 ] && printf '\r\033[K' >&2

python3 "$here/compare_table.py" "$out" | tee "$out/table.md"
echo "(the runs themselves: $out)" >&2
