#!/bin/bash
# auth.sh: how much an API key costs that was verified before. The same requests with and without
# `notify_auth key`, in turn, and the ratio of the medians. Fails below 0.90.
#
# ROUNDS (7) of SECONDS_EACH (2) for each; CONNECTIONS (16).
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=${ROUNDS:-7}
seconds=${SECONDS_EACH:-2}
connections=${CONNECTIONS:-16}

mkdir "$dir/auth"
key=$("$BUILD/notifyctl" key create -u bench --store "$dir/auth" |
  sed -n 's/^Generated API-Key: //p')
start_redis
# shellcheck disable=SC2016 # nginx's variables
start_nginx 1 "notify_redis redis://127.0.0.1:$redis_port; notify_key $dir/auth;" '
  location = /health/open { notify_health live; }
  location = /health/key  { notify_health live; notify_auth key; }
  location /publish {
    notify_field   message string;
    notify_entry   message $notify_field_message;
    notify_retain  1000;
    location = /publish/open { notify_publish bench; }
    location = /publish/key  { notify_publish bench; notify_auth key; }
  }'

# Both carry the key, so that nothing else differs.
cat >"$dir/publish.lua" <<'END'
wrk.method = "POST"
wrk.body = '{"message":"Hello"}'
END

# rate PATH [wrk's arguments]: requests a second; every answer must be a good one.
rate() {
  local path=$1 output
  shift
  output=$(wrk -t 1 -c "$connections" -d "${seconds}s" -H "Authorization: Bearer $key" "$@" \
    "http://127.0.0.1:$nginx_port$path")
  ! grep -q 'Non-2xx' <<<"$output" || fail "$path: $output"
  awk '/^Requests\/sec:/ { print $2 }' <<<"$output"
}

# compare NAME [wrk's arguments]
compare() {
  local name=$1 round without=() with=()
  shift
  rate "/$name/open" "$@" >/dev/null # warm
  rate "/$name/key" "$@" >/dev/null
  for ((round = 0; round < rounds; round++)); do
    without+=("$(rate "/$name/open" "$@")")
    with+=("$(rate "/$name/key" "$@")")
  done
  awk -v name="$name" -v open="$(median "${without[@]}")" -v key="$(median "${with[@]}")" 'BEGIN {
    printf "%-8s without %8.0f/s   with a key %8.0f/s   ratio %.3f\n", name, open, key, key / open
    exit key / open < 0.9
  }'
}

echo "1 nginx worker, $connections connections, $rounds rounds of $seconds s each:"
status=0
compare health || status=1
compare publish -s "$dir/publish.lua" || status=1
[ "$status" -eq 0 ] || fail 'a verified key costs more than 10 %'
