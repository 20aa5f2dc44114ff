#!/bin/bash
# Peal beside its peers: the same scenarios against each, in turns, pinned to
# cores (servers on 0, the generator on 1), the median of several rounds.
#
#   compare.sh [-r ROUNDS] [-t SECONDS] [-p "PEERS"] [-s "SCENARIOS"]
#              [-b BUILD] [-o FOLDER] [-a ATTEMPTS]
#
# Every run has a fresh server. A run during which others had the cores is
# repeated, up to ATTEMPTS (3) in all. What cannot be run is said at the end. The
# figures of every run stay in FOLDER; compare_table.py makes the table.
set -u

here=$(cd "$(dirname "$0")" && pwd)
rounds=5
seconds=3
attempts=3
build=$here/../../build
out=
peers="peal floor bun bun-json ws gorilla nchan fastapi socketio nginx nethttp gin"
scenarios="echo echo-8 fanout-1 fanout-4 fanout-16 latency idle idle-tls churn storm
    storm-14k shootout one two workers-1 workers-2 health-1k health-10k"

while getopts r:t:p:s:b:o:a: option; do
    case $option in
    r) rounds=$OPTARG ;;
    t) seconds=$OPTARG ;;
    p) peers=$OPTARG ;;
    s) scenarios=$OPTARG ;;
    b) build=$OPTARG ;;
    o) out=$OPTARG ;;
    a) attempts=$OPTARG ;;
    *) exit 2 ;;
    esac
done

out=${out:-$(mktemp -d)}
mkdir -p "$out/bin" || exit 2
build=$(cd "$build" && pwd) || exit 2
bench=$build/peal-bench
secret=compare-compare-compare-compare-compare
port=21000
redis_port=20999
: >"$out/missing.txt"
ulimit -n "$(ulimit -Hn)"

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
    peal) [ -x "$build/peal" ] || say_missing peal "not built" ;;
    floor) [ -x "$build/peal-bench-floor" ] || say_missing floor "not built" ;;
    bun | bun-json) has_npm bun bun ;;
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

# The command of a peer, as the array `command`.
command_of() { # peer, port, redis url or nothing
    case $1 in
    peal)
        command=("$build/peal" --workers "$workers" --port "$2"
            --log.level error --limits.messages_per_second 0
            ${certificates:+--tls.cert "$certificates/server.pem"
                --tls.key "$certificates/server.key"}) ;;
    floor) command=("$build/peal-bench-floor" "$2") ;;
    bun | bun-json) command=("$here/peers/node_modules/.bin/bun" "$here/peers/bun.js"
        "$2") ;;
    ws) command=(node "$here/peers/ws.js" "$2") ;;
    socketio) command=(node "$here/peers/socketio.js" "$2" ${3:+"$3"}) ;;
    nginx | nchan) command=("$here/peers/nchan.sh" "$2") ;;
    fastapi) command=(/usr/bin/python3 "$here/peers/fastapi_peer.py" "$2") ;;
    *) command=("$out/bin/$1" "$2") ;;
    esac
}

# How to speak to a peer in a scenario, as the array `speech`; false when
# the peer has no such thing.
speech_of() { # peer, scenario
    case $1/$2 in
    peal/echo*) speech=(--preset peal-echo --jwt-secret "$secret") ;;
    peal/*) speech=(--preset peal --jwt-secret "$secret") ;;
    */idle-tls | */storm-14k | */one | */workers-*) return 1 ;;
    socketio/two) speech=(
        --path '/socket.io/?EIO=4&transport=websocket' --join 40
        --joined '40{' --reply-when 2 --reply-with 3
        --wrap '42["text","%s"]' --expect '42[') ;;
    nchan/echo* | nchan/shootout | floor/shootout) return 1 ;;
    bun-json/fanout-* | bun-json/latency) speech=(
        --path '/broadcast/load-%d'
        --wrap '{"type":"broadcast","channel":"bench-%r","payload":"%s"}'
        --expect '{"type":"broadcast",') ;;
    bun-json/*) return 1 ;;
    */two | socketio/* | nginx/* | nethttp/* | gin/*) return 1 ;;
    */echo*) speech=(--path /echo) ;;
    */shootout) speech=(--preset shootout --path /shootout) ;;
    *) speech=(--path /ws) ;;
    esac
}

serves_health() { # peer
    case $1 in
    peal | bun | ws | nginx | nethttp | gin | fastapi) return 0 ;;
    *) return 1 ;;
    esac
}

# --------------------------------------------------------- the scenarios

# The arguments of a scenario, as the array `play`.
play_of() { # scenario
    local timed=(--duration "$seconds" --warmup 1)
    case $1 in
    echo) play=(echo --connections 1000 "${timed[@]}") ;;
    echo-*) play=(echo --connections 200 --depth "${1#echo-}"
        "${timed[@]}") ;;
    fanout-*) play=(fanout --connections 1000 --window "${1#fanout-}"
        "${timed[@]}") ;;
    latency) play=(fanout --connections 1000 --rate 40 "${timed[@]}") ;;
    idle) play=(idle --connections 10000 --duration 1 --warmup 1) ;;
    idle-tls) play=(idle --connections 8000 --duration 1 --warmup 1) ;;
    churn) play=(churn --connections 200 --base 1000 "${timed[@]}") ;;
    storm) play=(storm --connections 5000 --base 1000 --duration 60) ;;
    storm-14k) play=(storm --connections 4000 --base 14000 --duration 60) ;;
    workers-*) play=(fanout --connections 1000 --window 4 "${timed[@]}") ;;
    shootout) play=(shootout --connections 18000 --step 1000 --limit 0.1
        --duration 120) ;;
    one | two) play=(fanout --connections 200 --publishers 4 --rate 200
        "${timed[@]}") ;;
    *) return 1 ;;
    esac
}

# What a scenario wants of the server and of where it runs: `workers`, `scheme`,
# `certificates`, `server_cores` and `bench_cores`.
set_up() { # scenario
    workers=1 scheme=ws certificates= server_cores=0 bench_cores=1
    case $1 in
    idle-tls)
        scheme=wss certificates=$out/certificates
        [ -d "$certificates" ] ||
            "$here/../../conf/make_dev_certs.sh" "$certificates" >/dev/null
        ;;
    # both share all cores with the generator: what counts is CPU time
    workers-*) workers=${1#workers-} server_cores=0,1 bench_cores=0,1 ;;
    esac
}

# ------------------------------------------------------- servers come and go

servers=()
redis=

start() { # command...
    env PEAL_AUTH_SECRET="$secret" TMPDIR="$out" \
        ${redis:+PEAL_REDIS_URL="$redis"} taskset -c "$server_cores" "$@" \
        >>"$out/servers.log" 2>&1 &
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

run_bench() { # peer, scenario, round
    play_of "$2" && speech_of "$1" "$2" || return
    for _ in $(seq "$attempts"); do
        bench_once "$@" || return
        grep -q '"shared":true' "$out/$2.$1.$3.json" || return
    done
}

bench_once() { # peer, scenario, round; play and speech are set
    start_peer "$1" || return 1
    taskset -c "$bench_cores" "$bench" "${play[@]}" "${speech[@]}" --name "$1" \
        --quiet --url "$scheme://127.0.0.1:$port" \
        --server-pid "${servers[0]}" \
        --json "$out/$2.$1.$3.json" >>"$out/runs.log" 2>&1
    stop_all
}

# Two instances, joined by a Redis of our own; the room spans both.
run_two() { # peer, round
    speech_of "$1" two && play_of two || return
    if [ "$1" = peal ] && ! "$build/peal" --help | grep -q redis; then
        say_missing "peal, two instances" "this build has no Redis"
        return
    fi
    start redis-server --port "$redis_port" --save '' --bind 127.0.0.1
    await_port "$redis_port" || { stop_all && return; }
    redis=redis://127.0.0.1:$redis_port
    start_peer "$1" "$redis" && start_peer "$1" "$redis"
    local started=$?
    redis=
    [ "$started" = 0 ] || return
    taskset -c 1 "$bench" "${play[@]}" "${speech[@]}" --name "$1" --quiet \
        --url "ws://127.0.0.1:$((port - 1))" --url "ws://127.0.0.1:$port" \
        --server-pid "${servers[1]}" --server-pid "${servers[2]}" \
        --json "$out/two.$1.$2.json" >>"$out/runs.log" 2>&1
    stop_all
}

run_health() { # peer, scenario, round
    local connections=1000
    [ "$2" = health-10k ] && connections=10000
    serves_health "$1" && start_peer "$1" || return
    taskset -c 1 wrk -t1 -c "$connections" -d "$((seconds + 4))s" --latency \
        --timeout 10s "http://127.0.0.1:$port/health" \
        >"$out/$2.$1.$3.wrk" 2>&1
    stop_all
}

run() { # peer, scenario, round
    can_run "$1" || return
    set_up "$2"
    case $2 in
    two) run_two "$1" "$3" ;;
    health-*) run_health "$1" "$2" "$3" ;;
    *) run_bench "$1" "$2" "$3" ;;
    esac
}

command -v wrk >/dev/null || say_missing "HTTP" "no wrk"
for scenario in $scenarios; do
    for round in $(seq "$rounds"); do
        for peer in $peers; do
            [ -t 2 ] && printf '\r\033[K%s, round %s, %s' \
                "$scenario" "$round" "$peer" >&2
            run "$peer" "$scenario" "$round"
        done
    done
done
[ -t 2 ] && printf '\r\033[K' >&2

python3 "$here/compare_table.py" "$out" | tee "$out/table.md"
echo "(the runs themselves: $out)" >&2
