#!/usr/bin/env bash
# Measures the HTTP API: publishes over new connections, and in batches of 100
# over 8 kept-alive connections (peal-bench fails if the server closes one). New
# connections need ab (apache2-utils). The server uses the first core, the
# generator the last. Other load on the cores changes the rates, but hardly the
# server's CPU time per message.
#
#   tests/load/api.sh [-r ROUNDS] BUILD     BUILD/peal; 3 rounds
set -euo pipefail

rounds=3
while getopts r: option; do
    case $option in
    r) rounds=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || { grep '^#   ' "$0" >&2; exit 2; }
peal=$(realpath "$1/peal")
command -v ab >/dev/null || { echo "apt-get install apache2-utils" >&2; exit 1; }

folder=$(mktemp -d)
key=$(openssl rand -hex 32)
last=$(($(nproc) - 1))
log=$folder/log

PEAL_API_KEY=$key taskset -c 0 "$peal" --workers 1 --port 0 2>"$log" &
server=$!
trap 'kill $server; wait $server || true; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    port=$(sed -n 's/.*Listening.* port=\([0-9]*\).*/\1/p' "$log")
    [ -z "$port" ] || break
    sleep 0.1
done

publish='{"channel":"lobby","payload":{"text":"hello"}}'
echo "$publish" >"$folder/one"
{
    printf '{"commands":['
    for i in $(seq 100); do
        [ "$i" -eq 1 ] || printf ','
        printf '{"command":"publish",%s' "${publish#\{}"
    done
    printf ']}'
} >"$folder/batch"

# The server's CPU time so far, in microseconds: proc(5).
cpu_us() {
    awk -v hz="$(getconf CLK_TCK)" \
        '{ sub(/.*\) /, ""); printf "%d", ($12 + $13) * 1000000 / hz }' \
        "/proc/$server/stat"
}

# ab speaks HTTP/1.0, so each request has a new connection.
ask_fresh() {
    local before
    before=$(cpu_us)
    taskset -c "$last" ab -q -l -c 32 -n 40000 -T application/json \
        -p "$folder/one" -H "Authorization: Bearer $key" \
        "http://127.0.0.1:$port/api/publish" >"$folder/out"
    awk -v us="$(($(cpu_us) - before))" '
        /^Complete requests/ { done = $3 }
        /^Failed requests/ { failed = $3 }
        /^Non-2xx/ { failed += $3 }
        /^Requests per second/ { rate = $4 }
        / 99% / { late = $2 }
        END {
            printf "%9.0f a second, %5.1f us of CPU each, " \
                "99 of 100 answers within %.1f ms\n", rate, us / done, late
            if (failed) print failed " FAILED"
            exit failed > 0
        }' "$folder/out"
}

ask_kept() {
    taskset -c "$last" "$1/peal-bench" http --quiet --connections 8 \
        --duration 3 --server-pid "$server" --method POST \
        --url "http://127.0.0.1:$port/api/batch" --body "$folder/batch" \
        --header "Authorization: Bearer $key" \
        --header 'Content-Type: application/json' \
        --json "$folder/json" >"$folder/out" || { cat "$folder/out"; exit 1; }
    python3 - "$folder/json" <<'END'
import json, sys
run = json.load(open(sys.argv[1]))
print(f"{run['rate'] * 100:9.0f} a second, {run['server_us'] / 100:5.1f} us of "
      f"CPU each, 99 of 100 answers within {run['latency_us']['p99'] / 1e3:.1f}"
      " ms")
END
}

for _ in $(seq "$rounds"); do
    printf 'fresh connections, 32 at a time:     '
    ask_fresh
    printf 'batches of 100, 8 kept connections:  '
    ask_kept "$1"
done
