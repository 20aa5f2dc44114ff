#!/usr/bin/env bash
# Tests web/: peal.js alone and as an npm package, then the pages in Chromium with a server.
#
#   tests/web/run.sh [PEAL]                runs the tests; PEAL is build/peal by default
#   tests/web/run.sh --screenshot [PEAL]   creates web/demo.png and web/dashboard.png instead
#
# The last line says "N passed, M failed"; exits non-zero if any failed.
set -euo pipefail

missing() {
  echo "tests/web: $1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

screenshot=no
if [ "${1:-}" = --screenshot ]; then
  screenshot=yes
  shift
fi
peal=${1:-$(dirname "$0")/../../build/peal}
[ -x "$peal" ] || missing "no server at $peal: build it first, or name its path"
PEAL_BINARY=$(realpath "$peal")
export PEAL_BINARY

cd "$(dirname "$0")"

command -v node >/dev/null && command -v npm >/dev/null ||
  missing "node and npm are missing: apt-get install nodejs npm"
node -e 'const [a, b] = process.versions.node.split(".").map(Number);
         process.exit(a > 18 || (a === 18 && b >= 19) ? 0 : 1)' ||
  missing "node $(node --version) is too old: 18.19 or newer is needed"
CHROMIUM=${CHROMIUM:-$(command -v chromium || true)}
[ -n "$CHROMIUM" ] || missing "chromium is missing: apt-get install chromium"
export CHROMIUM

if [ ! -e node_modules/.package-lock.json ] ||
  [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-update-notifier >/dev/null || missing "npm ci failed"
fi

if [ $screenshot = yes ]; then
  timeout 60 node screenshot.js
  exec timeout 60 node dashboard_screenshot.js
fi

counts=$(mktemp)
trap 'rm -f "$counts"' EXIT
passed=0
failed=0

# A file that ends without a summary (crash, time limit) counts as a failure.
run_file() {
  timeout -k 3 "$2" node --test-reporter=spec --test-reporter-destination=stdout \
    --test-reporter=tap --test-reporter-destination="$counts" "$1" || true
  local pass fail
  pass=$(awk '/^# pass /{n += $3} END {print n + 0}' "$counts")
  fail=$(awk '/^# (fail|cancelled) /{n += $3} END {print n + 0}' "$counts")
  grep -q '^# pass ' "$counts" || fail=1
  passed=$((passed + pass))
  failed=$((failed + fail))
  : >"$counts"
}

run_file peal.test.js 10
run_file peal_host.test.js 10
run_file peal_api.test.js 10
run_file peal_random.test.js 90
run_file peal_fallback.test.js 60
run_file peal_node.test.js 60
run_file examples.test.js 45
run_file migrate.test.js 60
run_file api.test.js 40
run_file pusher.test.js 40
run_file pusher_libraries.test.js 40
run_file pusher_recovery.test.js 60
run_file package.test.js 100
run_file bindings.test.js 240
run_file chat.test.js 200
run_file account.test.js 200
run_file chat_look.test.js 60
run_file vendor.test.js 5
run_file limits.test.js 120
run_file sse.test.js 200
run_file metrics.test.js 5
run_file dashboard.test.js 70
run_file dashboard_look.test.js 90
run_file accessibility.test.js 300
run_file quick_start.test.js 470

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
