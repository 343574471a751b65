#!/usr/bin/env bash
# Starts the demo as a newcomer does, walks through it once with curl, and stops it. PORT, or else a free one.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v curl >/dev/null || {
  echo "demo: curl is missing: install it (Debian: apt-get install curl)" >&2
  exit 1
}

work=$(mktemp -d)
demo=""

finish() {
  local status=$?
  trap - EXIT INT TERM
  if [ -n "$demo" ]; then
    # The whole group: npm, tsx and the server. Each has five seconds to go.
    kill -- "-$demo" 2>/dev/null || true
    for _ in $(seq 50); do
      kill -0 -- "-$demo" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL -- "-$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
  fi
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
  echo "demo: $1" >&2
  cat "$work/log" >&2
  exit 1
}

set -m
PORT="${PORT:-0}" npm run demo >"$work/log" 2>&1 </dev/null &
demo=$!
set +m

url=""
for _ in $(seq 600); do
  url=$(grep -o -m 1 'http://localhost:[0-9]*' "$work/log" || true)
  [ -n "$url" ] && break
  kill -0 "$demo" 2>/dev/null || fail "it ended before it could be reached"
  sleep 0.1
done
[ -n "$url" ] || fail "it printed no address within a minute"

# request DEVICE EXPECTED PATH [FIELD=VALUE ...]: the answer has to be its status and where it redirects to; the page
# is in $work/page.
request() {
  local device=$1 expected=$2 path=$3 answer field
  shift 3
  local fields=()
  for field in "$@"; do fields+=(--data-urlencode "$field"); done
  answer=$(curl --silent --show-error --max-time 30 --user-agent "$device" --cookie "$work/$device" --cookie-jar "$work/$device" \
    --output "$work/page" --write-out '%{http_code} %{redirect_url}' ${fields[@]+"${fields[@]}"} "$url$path") || fail "$path does not answer"
  answer=${answer/"$url"/}
  answer=${answer% }
  [ "$answer" = "$expected" ] || fail "$path answers \"$answer\" to $device, not \"$expected\""
}

# shows TIMES TEXT: so often does the page have it, a line at most once.
shows() {
  local times
  times=$(grep -c "$2" "$work/page" || true)
  [ "$times" = "$1" ] || fail "the page has \"$2\" $times times, not $1"
}

request first "200" /
request first "303 /login" /private
request first "303 /private" /register name=walker password="a long walk"
request first "200" /private
shows 1 "This device"
shows 1 'name="id"'

request second "401" /login name=walker password="a short walk"
request second "303 /private" /login name=walker password="a long walk" remember=1
request second "200" /private
shows 1 "This device"
shows 2 'name="id"'

request first "200" /private
# The newest is the first of the list: the second device.
newest=$(grep -o -m 1 'name="id" value="[0-9A-Za-z]*"' "$work/page" | cut -d '"' -f 4)
request first "303 /private" /revoke id="$newest"
request second "303 /login" /private

request first "303 /" /logout logout=
request first "303 /login" /private

echo "demo: walked through"
