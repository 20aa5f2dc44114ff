#!/bin/sh
# Proves that peal-bench finds what a server does wrong: the floor server
# loses, doubles, swaps or closes on demand, and the exit status must be 1.
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

# A server of its own for each case; it is ended by its own id.
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

output=$(bench idle --connections 3 --url "$url:1")
judge "nobody listens" 1 $? 'Connection refused' "$output"
output=$(bench idle --url ws://192.0.2.1:80)
judge "not this machine" 2 $? 'allow-remote' "$output"
output=$(bench idle --no-such-thing 1)
judge "unknown option" 2 $? 'no such option' "$output"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
