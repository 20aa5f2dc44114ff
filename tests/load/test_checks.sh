#!/bin/sh
# Checks that peal-bench detects server errors: the floor server loses,
# duplicates, reorders or closes on request, and the exit status must be 1.
#   test_checks.sh FOLDER_OF_THE_PROGRAMS
set -u
folder=$1
port=$((20000 + $$ % 10000))
url=ws://127.0.0.1
passed=0
failed=0

judge() { # name, status wanted, status had, words wanted, output
    if [ "$2" = "$3" ] && echo "$5" | grep -q "$4"; then
        passed=$((passed + 1))
        return
    fi
    failed=$((failed + 1))
    echo "$1: status $3 instead of $2, or no \"$4\" in:"
    echo "$5"
}

bench() {
    scenario=$1
    shift
    "$folder/peal-bench" "$scenario" --quiet --duration 0.5 --warmup 0.2 \
        "$@" 2>&1
}

# Starts a separate server per case, and stops it by its process id.
with_server() { # fault, every, words wanted, status wanted, scenario...
    fault=$1 every=$2 words=$3 wanted=$4
    shift 4
    port=$((port + 1))
    "$folder/peal-bench-floor" "$port" "$fault" "$every" &
    server=$!
    sleep 0.3
    output=$(bench "$@" --url "$url:$port")
    judge "$fault, $1" "$wanted" $? "$words" "$output"
    kill "$server"
    wait "$server" 2>/dev/null
}

with_server none 1 '^ok' 0 echo --connections 20 --path /echo
with_server none 1 '^ok' 0 fanout --connections 20 --window 4
with_server none 1 '^ok' 0 fanout --connections 20 --publishers 4 --rate 400 \
    --threads 2
with_server none 1 '^ok' 0 fanout --connections 9 --payload 200000 --rate 20
with_server none 1 '^ok' 0 idle --connections 50
with_server none 1 '^ok' 0 churn --connections 20 --base 20
with_server none 1 '^ok' 0 storm --connections 100 --base 20
with_server none 1 '^ok' 0 chat --connections 30 --rooms 1 --think 0.05 \
    --stay 0.3
with_server lose 97 ' lost' 1 fanout --connections 20 --rate 200
with_server double 97 ' doubled' 1 fanout --connections 20 --rate 200
with_server swap 97 ' out of order' 1 fanout --connections 20 --rate 200
with_server close 97 'unexpected closes' 1 fanout --connections 20 --rate 200
with_server none 1 'wrong room' 1 rooms --connections 20 --rooms 2 --rate 100
with_server lose 97 'nothing came any more' 1 fanout --connections 20 \
    --duration 6

with_server none 1 '^ok' 0 shootout --connections 40 --step 20 --samples 30 \
    --duration 20
with_server none 1 '^holds .*100.00 %' 0 fanout --connections 50 --window 4
with_server none 1 'measured span holds' 1 fanout --connections 500 \
    --rate 40000 --drain 0.2
with_server none 1 '^ok' 0 http --connections 50
with_server hangup 1 'closed .*1006 x' 1 http --connections 50
with_server refuse 1 'refused .*403 x 20' 1 echo --connections 20
with_server mute 1 'no answer within 0.3 s' 1 echo --connections 20 \
    --handshake-timeout 0.3

# Invalid figures are omitted, and a stopped run is reported as such.
start_floor() {
    port=$((port + 1))
    "$folder/peal-bench-floor" "$port" none 1 &
    server=$!
    sleep 0.3
}

start_floor
(sleep 0.5 && kill "$server") &
output=$(bench fanout --connections 20 --duration 3 --url "$url:$port" \
    --server-pid "$server" --json -)
judge "a server that ends" 1 $? '"server_us":null' "$output"
judge "a server that ends" 1 1 '^server  *ended during the run' "$output"
wait "$server" 2>/dev/null

stop_with() { # signal
    start_floor
    "$folder/peal-bench" fanout --quiet --connections 20 --duration 20 \
        --warmup 0.2 --url "$url:$port" >"$folder/stopped.$$" &
    sleep 1
    kill -s "$1" $!
    wait $!
    judge "stopped by $1" 3 $? '^INTERRUPTED' "$(cat "$folder/stopped.$$")"
    judge "stopped by $1" 3 3 '^measured' "$(cat "$folder/stopped.$$")"
    rm "$folder/stopped.$$"
    kill "$server"
    wait "$server" 2>/dev/null
}
stop_with TERM

# Two generators in one room are not a server error.
start_floor
bench fanout --connections 20 --rate 50 --duration 1 --url "$url:$port" \
    >/dev/null &
other=$!
output=$(bench fanout --connections 20 --rate 50 --url "$url:$port")
judge "two generators" 0 $? '^foreign' "$output"
wait "$other"
kill "$server"
wait "$server" 2>/dev/null

output=$(bench echo --window 4)
judge "another scenario's option" 2 $? 'not an option of echo' "$output"
output=$(bench idle --json /no/such/folder/file --url "$url:1")
judge "a file that cannot be written" 2 $? 'cannot write' "$output"
output=$(bench idle --server-pid 4194304 --url "$url:1")
judge "no such process" 2 $? 'no process 4194304' "$output"
output=$(bench idle --jwt-secret-env NO_SUCH_NAME --url "$url:1")
judge "no secret" 2 $? 'no such variable' "$output"
output=$("$folder/peal-bench" --version)
judge "--version" 0 $? '^peal-bench [0-9]' "$output"
output=$("$folder/peal-bench" echo --help)
judge "help of a scenario" 0 $? '[-][-]depth' "$output"

output=$(bench idle --connections 3 --url "$url:1")
judge "nobody listens" 1 $? 'Connection refused' "$output"
output=$(bench idle --url ws://192.0.2.1:80)
judge "not this machine" 2 $? 'allow-remote' "$output"
output=$(bench idle --no-such-thing 1)
judge "unknown option" 2 $? 'no such option' "$output"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
