#!/usr/bin/env bash
# Starts the demo as a new user does, walks through it once with curl, and stops it. Uses PORT, or a free port without it.
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
    # Stop the whole process group: npm, tsx and the server. Each has five seconds to exit.
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
  kill -0 "$demo" 2>/dev/null || fail "the server exited before it printed its address"
  sleep 0.1
done
[ -n "$url" ] || fail "the server printed no address within a minute"

# request DEVICE EXPECTED PATH [FIELD=VALUE ...]: sends a request and compares the response's status and redirect target with
# EXPECTED. Saves the page in $work/page.
request() {
  local device=$1 expected=$2 path=$3 answer field
  shift 3
  local fields=()
  for field in "$@"; do fields+=(--data-urlencode "$field"); done
  answer=$(curl --silent --show-error --max-time 30 --user-agent "$device" --cookie "$work/$device" --cookie-jar "$work/$device" \
    --output "$work/page" --write-out '%{http_code} %{redirect_url}' ${fields[@]+"${fields[@]}"} "$url$path") || fail "$path did not respond"
  answer=${answer/"$url"/}
  answer=${answer% }
  [ "$answer" = "$expected" ] || fail "$path responded \"$answer\" to $device, expected \"$expected\""
}

# shows TIMES TEXT: the number of lines of the page that contain the text.
shows() {
  local times
  times=$(grep -c "$2" "$work/page" || true)
  [ "$times" = "$1" ] || fail "\"$2\" is on $times lines of the page, expected $1"
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
# This device is first in the list, the second one last.
second_id=$(grep -o 'name="id" value="[0-9A-Za-z]*"' "$work/page" | tail -n 1 | cut -d '"' -f 4)
request first "303 /private" /revoke id="$second_id"
request second "303 /login" /private
request second "200" /login
shows 1 "You were signed out from another device"

request first "303 /private" /name name="Walking shoes"
request first "200" /private
shows 1 "<h2>Walking shoes"
request first "200" /activity
shows 1 "Signed out from another device"

request first "303 /" /logout logout=
request first "303 /login" /private

echo "demo: all steps passed"
