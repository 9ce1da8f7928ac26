# shellcheck shell=bash
# REDIS_URL taken apart, and the Redis that is started when nothing listens there.

# percent_decode TEXT
percent_decode() {
  local text=${1//\\/\\\\}
  printf '%b' "${text//%/\\x}"
}

# parse_redis_url: redis[s]://[[user]:password@]host[:port][/database] or
# unix:/path[?db=N], unix://[[user]:password@]/path[?db=N];
# sets redis_scheme, _user, _password, _host, _port, _path and _database.
parse_redis_url() {
  local authority='((([^:@/]*):)?([^@/]*)@)?'
  local tcp="^(rediss?)://$authority(\[[0-9A-Fa-f:.]+\]|[^:/@?]+)?(:([0-9]+))?(/([0-9]*))?(\?.*)?$"
  local unix="^unix:(//$authority)?(/[^?]+)(\?db=([0-9]+))?$"
  redis_host='' redis_port='' redis_path=''
  if [[ $REDIS_URL =~ $tcp ]]; then
    redis_scheme=${BASH_REMATCH[1]}
    redis_host=${BASH_REMATCH[6]:-127.0.0.1}
    redis_host=${redis_host//[\[\]]/}
    redis_port=${BASH_REMATCH[8]:-6379}
    redis_database=${BASH_REMATCH[10]:-0}
    redis_user=$(percent_decode "${BASH_REMATCH[4]}")
    redis_password=$(percent_decode "${BASH_REMATCH[5]}")
  elif [[ $REDIS_URL =~ $unix ]]; then
    redis_scheme=unix
    redis_path=${BASH_REMATCH[6]}
    redis_database=${BASH_REMATCH[8]:-0}
    redis_user=$(percent_decode "${BASH_REMATCH[4]}")
    redis_password=$(percent_decode "${BASH_REMATCH[5]}")
  else
    fail 'REDIS_URL: expected redis://[[user]:password@]host[:port][/database]'
  fi
}

# The URL as it may be shown.
shown_redis_url() {
  if [ -n "$redis_path" ]; then
    echo "unix://$redis_path"
  else
    echo "$redis_scheme://$redis_host:$redis_port/$redis_database"
  fi
}

# redis_ping: what answers at REDIS_URL; fails when nothing does.
redis_ping() {
  local arguments=(-h "$redis_host" -p "$redis_port")
  [ -z "$redis_path" ] || arguments=(-s "$redis_path")
  [ "$redis_scheme" != rediss ] || arguments+=(--tls)
  [ -z "$redis_user" ] || arguments+=(--user "$redis_user")
  REDISCLI_AUTH=$redis_password timeout 3 redis-cli "${arguments[@]}" ping 2>&1
}

# redis_is_there: true when Redis answers, false when nothing listens; anything else is an error.
redis_is_there() {
  local answer
  answer=$(redis_ping)
  case $answer in
    *PONG* | *LOADING*) return 0 ;;
    *NOAUTH* | *WRONGPASS* | *NOPERM*)
      fail "REDIS_URL: Redis at $(shown_redis_url) refuses the user or password" ;;
    *'Connection refused'* | *'No such file or directory'*) return 1 ;;
    *) fail "REDIS_URL: no Redis answers at $(shown_redis_url): $answer" ;;
  esac
}

# render_redis: RUN_DIR/redis.conf for a Redis of our own, on the loopback interface only.
render_redis() {
  case $redis_scheme:$redis_host in
    redis:127.* | redis:localhost | redis:::1 | unix:) ;;
    *) fail "REDIS_URL: nothing listens at $(shown_redis_url), and a Redis of our own is for" \
      'loopback addresses without TLS' ;;
  esac
  (
    umask 077
    mkdir -p "$RUN_DIR/redis"
    {
      if [ -n "$redis_path" ]; then
        printf 'port 0\nunixsocket "%s"\n' "$redis_path"
      else
        printf 'bind %s\nport %s\n' "${redis_host/localhost/127.0.0.1 -::1}" "$redis_port"
      fi
      printf '%s\n' 'protected-mode yes' "dir \"$RUN_DIR/redis\"" "pidfile \"$RUN_DIR/redis.pid\"" \
        "logfile \"$RUN_DIR/redis.log\"" 'appendonly yes' 'maxmemory-policy noeviction' \
        "databases $((redis_database + 16))" \
        'proc-title-template "{title} {listen-addr} {config-file}"'
      redis_access
    } >"$RUN_DIR/redis.conf"
  )
}

# quoted TEXT: as redis.conf wants it.
quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

redis_access() {
  [ -n "$redis_password" ] || return 0
  if [ -z "$redis_user" ] || [ "$redis_user" = default ]; then
    printf 'requirepass %s\n' "$(quoted "$redis_password")"
  else
    printf 'user default off\nuser %s on %s ~* &* +@all\n' "$redis_user" \
      "$(quoted ">$redis_password")"
  fi
}
