# shellcheck shell=bash
# What benchmarks share: servers of their own in a folder that goes away with them, and medians.
# A benchmark sources this file, starts what it needs and prints its figures. Its name without .sh
# is that of `make bench BENCH=NAME`.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
PATH=$PATH:/usr/sbin
BUILD=$(realpath -- "${BUILD:-build}")
dir=$(mktemp -d -t notify-bench-XXXXXXXX)
chmod 755 "$dir"
pids=()

finish() {
  local pid
  for pid in "${pids[@]}"; do
    kill "$pid" 2>/dev/null || true
  done
  wait
  rm -rf "$dir"
}
trap finish EXIT

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# free_port: sets `port`.
free_port() {
  port=$(perl -MIO::Socket::INET -e '
    print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
}

# wait_for_port PORT
wait_for_port() {
  for _ in {1..100}; do
    (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    sleep 0.1
  done
  cat "$dir"/*.log >&2
  fail "nothing answers on port $1"
}

# start_redis: without persistence; sets `redis_port`.
start_redis() {
  free_port
  redis_port=$port
  redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir" \
    >"$dir/redis.log" &
  pids+=($!)
  wait_for_port "$redis_port"
}

# start_nginx WORKERS HTTP SERVER: lines for the blocks of these names; sets `nginx_port`.
start_nginx() {
  free_port
  nginx_port=$port
  mkdir -p "$dir/tmp"
  cat >"$dir/nginx.conf" <<END
load_module $BUILD/ngx_http_notify_module.so;
$([ "$(id -u)" -ne 0 ] || echo 'user www-data;')
worker_processes $1;
pid $dir/nginx.pid;
daemon off;
events {
    worker_connections 8192;
}
http {
    access_log off;
    keepalive_requests 1000000;
    client_body_temp_path $dir/tmp/body;
    proxy_temp_path $dir/tmp/proxy;
    fastcgi_temp_path $dir/tmp/fastcgi;
    uwsgi_temp_path $dir/tmp/uwsgi;
    scgi_temp_path $dir/tmp/scgi;
    $2
    server {
        listen 127.0.0.1:$nginx_port;
        $3
    }
}
END
  nginx -p "$dir" -c "$dir/nginx.conf" -e "$dir/error.log" >"$dir/nginx.log" 2>&1 &
  pids+=($!)
  wait_for_port "$nginx_port"
}

# median NUMBER...
median() {
  printf '%s\n' "$@" | sort -n | awk '{ a[NR] = $1 } END { print a[int((NR + 1) / 2)] }'
}
