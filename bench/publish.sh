#!/bin/bash
# publish.sh: what figures and request ids cost a publish. The same requests without and with each, in
# turn, and the ratio of the processor time that nginx and Redis took for one. Fails below 0.90 for the
# figures and for an id that is not shown.
#
# ROUNDS (7) of SECONDS_EACH (2) for each; CONNECTIONS (16).
# shellcheck source=bench/lib.sh
. "$(dirname "$0")/lib.sh"

rounds=${ROUNDS:-7}
seconds=${SECONDS_EACH:-2}
connections=${CONNECTIONS:-16}

start_redis
# shellcheck disable=SC2016 # nginx's variables
server='
  location /publish {
    notify_field   message string;
    notify_entry   message $notify_field_message;
    notify_retain  1000;
    location = /publish/bare { notify_publish bare; notify_request_id off; }
    location = /publish/id   { notify_publish id; }
    location = /publish/told {
      add_header X-Request-ID $notify_request_id always;
      notify_publish told;
    }
    location = /publish/entry {
      add_header X-Request-ID $notify_request_id always;
      notify_entry message $notify_field_message;
      notify_entry request $notify_request_id;
      notify_publish entry;
    }
    location = /publish/beside {
      add_header X-Request-ID $notify_request_id always;
      notify_request_id on beside=10000;
      notify_publish beside;
    }
  }'
start_nginx 1 "notify_redis redis://127.0.0.1:$redis_port; notify_zone off;" "$server"
uncounted=$nginx_port
start_nginx 1 "notify_redis redis://127.0.0.1:$redis_port;" "$server"
counted=$nginx_port

cat >"$dir/publish.lua" <<'END'
wrk.method = "POST"
wrk.body = '{"message":"Hello"}'
END

# ticks: processor time so far of nginx and Redis, in clock ticks.
ticks() {
  local pid all=()
  for pid in "${pids[@]}" $(pgrep -d ' ' -P "$(IFS=,; echo "${pids[*]}")"); do
    all+=("/proc/$pid/stat")
  done
  awk '{ sum += $14 + $15 } END { print sum }' "${all[@]}"
}

# spend PORT PATH: adds what it took to `time`, the requests to `requests`; every answer must be good.
spend() {
  local output before
  before=$(ticks)
  output=$(wrk -t 1 -c "$connections" -d "${seconds}s" -s "$dir/publish.lua" \
    "http://127.0.0.1:$1$2")
  ! grep -q 'Non-2xx' <<<"$output" || fail "$2: $output"
  time=$((time + $(ticks) - before))
  requests=$((requests + $(awk '/ requests in / { print $1 }' <<<"$output")))
}

# compare NAME PORT PATH PORT PATH: processor time of the first beside that of the second.
compare() {
  local round time requests sums=(0 0 0 0)
  for ((round = 0; round <= rounds; round++)); do
    time=0 requests=0
    spend "$2" "$3"
    sums[0]=$((sums[0] + time)) sums[1]=$((sums[1] + requests))
    time=0 requests=0
    spend "$4" "$5"
    sums[2]=$((sums[2] + time)) sums[3]=$((sums[3] + requests))
    ((round > 0)) || sums=(0 0 0 0) # warm
  done
  awk -v name="$1" -v hz="$(getconf CLK_TCK)" -v a="${sums[0]}" -v n="${sums[1]}" \
    -v b="${sums[2]}" -v m="${sums[3]}" 'BEGIN {
      without = a / n / hz * 1e6
      with = b / m / hz * 1e6
      printf "%-28s without %5.1f us   with %5.1f us   ratio %.3f\n", name, without, with, without / with
      exit without / with < 0.9
    }'
}

status=0
compare 'nothing (how exact this is)' "$counted" /publish/bare "$counted" /publish/bare || status=1
compare 'figures' "$uncounted" /publish/bare "$counted" /publish/bare || status=1
compare 'id, in the error log' "$counted" /publish/bare "$counted" /publish/id || status=1
compare 'id, in the answer' "$counted" /publish/bare "$counted" /publish/told || true
compare 'id, in answer and entry' "$counted" /publish/bare "$counted" /publish/entry || true
compare 'id, in answer and beside' "$counted" /publish/bare "$counted" /publish/beside || true
exit $status
