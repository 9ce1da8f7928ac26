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

# percent_encode TEXT
percent_encode() {
  perl -e 'print $ARGV[0] =~ s/([^A-Za-z0-9._~-])/sprintf "%%%02X", ord $1/ger' -- "$1"
}

# use_redis_password PASSWORD: where REDIS_URL has none. nginx, the worker and notifyctl get it by
# REDIS_URL, in their environment.
use_redis_password() {
  redis_password=$1
  local account rest
  account=$(percent_encode "$redis_user"):$(percent_encode "$redis_password")@
  case $REDIS_URL in
    unix:*) rest=${REDIS_URL#unix:} && rest=${rest#//} && REDIS_URL=unix://$account/${rest#*/} ;;
    *) rest=${REDIS_URL#*://} && REDIS_URL=$redis_scheme://$account${rest#*@} ;;
  esac
  export REDIS_URL
}

# The URL as it may be shown.
shown_redis_url() {
  if [ -n "$redis_path" ]; then
    echo "unix://$redis_path"
  else
    echo "$redis_scheme://$redis_host:$redis_port/$redis_database"
  fi
}

# redis_ping [PASSWORD]: what answers at REDIS_URL; fails when nothing does.
redis_ping() {
  local password=${1-$redis_password} arguments=(-h "$redis_host" -p "$redis_port")
  [ -z "$redis_path" ] || arguments=(-s "$redis_path")
  [ "$redis_scheme" != rediss ] || arguments+=(--tls)
  [ -z "$redis_user" ] || arguments+=(--user "$redis_user")
  (
    unset REDISCLI_AUTH # even an empty one is sent
    [ -z "$password" ] || export REDISCLI_AUTH="$password"
    timeout 3 redis-cli "${arguments[@]}" ping 2>&1
  )
}

# redis_is_there: true when Redis answers, false when nothing listens; anything else is an error.
# REDIS_PASSWORD counts where REDIS_URL has no password. The one that we made is for the Redis that
# we start, and is tried only where a Redis asks for one: that may be ours, started by hand.
redis_is_there() {
  local answer
  # shellcheck disable=SC2153 # load_secrets sets it
  if [ -z "$redis_password" ] && [ -n "$redis_password_is_set" ]; then
    use_redis_password "$REDIS_PASSWORD"
  fi
  answer=$(redis_ping)
  if [[ $answer == *NOAUTH* && -z $redis_password ]]; then
    answer=$(redis_ping "$REDIS_PASSWORD")
    [[ $answer != *PONG* ]] || use_redis_password "$REDIS_PASSWORD"
  fi
  case $answer in
    *'AUTH <password> called without'*)
      fail "REDIS_URL: Redis at $(shown_redis_url) has no password, but one was given" ;;
    *NOAUTH* | *WRONGPASS* | *NOPERM*)
      fail "REDIS_URL: Redis at $(shown_redis_url) refuses the user or password; set REDIS_PASSWORD," \
        'or choose another port in REDIS_URL to have a Redis of its own started there' ;;
    *PONG* | *LOADING*) return 0 ;;
    *'Connection refused'* | *'No such file or directory'*) return 1 ;;
    *) fail "REDIS_URL: no Redis answers at $(shown_redis_url): $answer" ;;
  esac
}

# memory_of_machine: bytes; those of the container, where it has a limit.
memory_of_machine() {
  local all limit
  all=$(awk '$1 == "MemTotal:" { printf "%d", $2 * 1024 }' /proc/meminfo)
  limit=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null |
    grep -m 1 '^[0-9]\{1,18\}$')
  [ -n "$limit" ] && [ "$limit" -lt "$all" ] && all=$limit
  echo "$all"
}

# Of the Redis that we start: a quarter of the memory, since its forks and nginx need some, too.
check_redis_maxmemory() {
  default REDIS_MAXMEMORY "$(($(memory_of_machine) / 4 / 1048576))mb"
  [[ ${REDIS_MAXMEMORY,,} =~ ^0*[1-9][0-9]{0,11}([kmg]b?)?$ ]] ||
    fail "REDIS_MAXMEMORY: \"$REDIS_MAXMEMORY\" is not a size above 0 such as 512mb or 2gb"
}

# render_redis: RUN_DIR/redis.conf for a Redis of our own, on the loopback interface only, with a
# password and a bound.
render_redis() {
  case $redis_scheme:$redis_host in
    redis:127.* | redis:localhost | redis:::1 | unix:) ;;
    *) fail "REDIS_URL: nothing listens at $(shown_redis_url), and a Redis of our own is for" \
      'loopback addresses without TLS' ;;
  esac
  [ -n "$redis_password" ] || use_redis_password "$REDIS_PASSWORD"
  (
    umask 077
    mkdir -p "$RUN_DIR/redis"
    {
      if [ -n "$redis_path" ]; then
        printf 'port 0\nunixsocket "%s"\nunixsocketperm 600\n' "$redis_path"
      else
        printf 'bind %s\nport %s\n' "${redis_host/localhost/127.0.0.1 -::1}" "$redis_port"
      fi
      printf '%s\n' 'protected-mode yes' "dir \"$RUN_DIR/redis\"" "pidfile \"$RUN_DIR/redis.pid\"" \
        "logfile \"$RUN_DIR/redis.log\"" 'appendonly yes' 'maxmemory-policy noeviction' "maxmemory $REDIS_MAXMEMORY" \
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
  if [ -z "$redis_user" ] || [ "$redis_user" = default ]; then
    printf 'requirepass %s\n' "$(quoted "$redis_password")"
  else
    printf 'user default off\nuser %s on %s ~* &* +@all\n' "$redis_user" \
      "$(quoted ">$redis_password")"
  fi
}
