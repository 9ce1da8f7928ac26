# shellcheck shell=bash
# The settings of `make run`: the environment wins over .env, which wins over what was generated
# before (RUN_DIR/credentials.env), which wins over the defaults. All end up exported.

secrets=(API_TOKEN JWT_SECRET BEARER_TOKEN NOTIQ_ADMIN_PASSWORD REDIS_PASSWORD)

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# unquote TEXT: the value of an assignment as .env and credentials.env write it; sets `value`.
# Quotes keep what stands between them; \" \\ \$ and \n are known inside double ones. Without
# quotes, a # after a space begins a comment.
unquote() {
  local text=$1 single="^'([^']*)'[[:space:]]*(#.*)?$" double='^"(([^"\]|\\.)*)"[[:space:]]*(#.*)?$'
  if [[ $text =~ $single ]]; then
    value=${BASH_REMATCH[1]}
  elif [[ $text =~ $double ]]; then
    local rest=${BASH_REMATCH[1]} char
    value=
    while [ -n "$rest" ]; do
      char=${rest:0:1}
      rest=${rest:1}
      if [ "$char" = \\ ]; then
        case ${rest:0:1} in
          n) char=$'\n' ;;
          [\"\\\$]) char=${rest:0:1} ;;
          *) char=\\${rest:0:1} ;;
        esac
        rest=${rest:1}
      fi
      value+=$char
    done
  elif [[ $text == [\'\"]* ]]; then
    return 1
  else
    [[ $text == '#'* ]] && text=
    value=${text%%[[:space:]]#*}
    value=${value%"${value##*[![:space:]]}"}
  fi
}

# read_env_file FILE: exports what the file sets and the environment does not. The file is data: it
# is never run as shell.
read_env_file() {
  local file=$1 line number=0 name value
  local assignment='^(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)[[:space:]]*=[[:space:]]*(.*)$'
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line%$'\r'}
    line=${line#"${line%%[![:space:]]*}"}
    [[ -z $line || $line == '#'* ]] && continue
    if ! [[ $line =~ $assignment ]]; then
      fail "$file line $number: expected NAME=value"
    fi
    name=${BASH_REMATCH[2]}
    unquote "${BASH_REMATCH[3]}" || fail "$file line $number: $name has a quote without its end"
    [ -n "${!name+set}" ] || export "$name=$value"
  done <"$file"
}

# default NAME VALUE: for settings that are unset or empty.
default() {
  [ -n "${!1:-}" ] || export "$1=$2"
}

# Secrets that nobody set are made once and kept.
load_secrets() {
  local file=$RUN_DIR/credentials.env name made=
  for name in "${secrets[@]}"; do
    [ -n "${!name:-}" ] || unset "$name"
  done
  # shellcheck disable=SC2034 # for redis.sh
  redis_password_is_set=${REDIS_PASSWORD:+yes} # by you, and so for any Redis: see redis.sh
  [ -f "$file" ] && read_env_file "$file"
  for name in "${secrets[@]}"; do
    if [ -z "${!name:-}" ]; then
      export "$name=$(openssl rand -hex 32)"
      made+="$name=${!name}"$'\n'
    fi
  done
  [ ! -f "$file" ] || chmod 600 "$file"
  [ -n "$made" ] || return 0
  (
    umask 077
    { [ -f "$file" ] && cat "$file"; printf '%s' "$made"; } >"$file.new"
    mv "$file.new" "$file"
  )
}

# check_ports NAME: a list of distinct port numbers, separated by spaces or commas.
check_ports() {
  local list port seen=' '
  read -ra list <<<"${!1//,/ }"
  for port in "${list[@]}"; do
    if ! [[ $port =~ ^[0-9]{1,5}$ ]] || [ "$port" -lt 1 ] || [ "$port" -gt 65535 ]; then
      fail "$1: \"$port\" is not a port number"
    fi
    [[ $seen != *" $port "* ]] || fail "$1: port $port is there twice"
    seen+="$port "
  done
  export "$1=${list[*]}"
}

# has_loopback6: may one listen on ::1?
has_loopback6() {
  grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null
}

# The addresses that nginx listens on, as its `listen` writes them: this machine's own unless
# LISTEN_ADDRESS says otherwise. `*` is every address.
check_listen_addresses() {
  local address one text list=() found=() known=()
  read -ra list <<<"${LISTEN_ADDRESS//,/ }"
  [ ${#list[@]} -gt 0 ] || list=(localhost)
  for address in "${list[@]}"; do
    case $address in
      localhost) known=(127.0.0.1) && ! has_loopback6 || known+=('[::1]') ;;
      \*) known=(0.0.0.0) && [ ! -s /proc/net/if_inet6 ] || known+=('[::]') ;;
      *)
        text=$(normal_address "$address") || fail "LISTEN_ADDRESS: \"$address\" is not an address of" \
          'this machine such as 127.0.0.1 or [::1], nor * for all of them; LISTEN_PORTS has the ports'
        known=("$text")
        ;;
    esac
    for one in "${known[@]}"; do
      [[ " ${found[*]} " == *" $one "* ]] || found+=("$one")
    done
  done
  export LISTEN_ADDRESS="${found[*]}"
}

# normal_address TEXT: an IPv4 address, or an IPv6 one with or without brackets, as nginx has it.
normal_address() {
  perl -MSocket=inet_pton,inet_ntop,AF_INET,AF_INET6 -e '
    my ($text) = @ARGV;
    my $four = inet_pton(AF_INET, $text);
    print(inet_ntop(AF_INET, $four)), exit if defined $four;
    my $six = inet_pton(AF_INET6, $text =~ s/^\[(.*)\]\z/$1/sr) // exit 1;
    print "[", inet_ntop(AF_INET6, $six), "]";' -- "$1"
}

# shellcheck source=scripts/lib/notiq.sh
. scripts/lib/notiq.sh

# find_run_dir: what is needed to talk about a running instance.
find_run_dir() {
  [ ! -f .env ] || read_env_file .env
  default NGINX_USER www-data
  # shellcheck disable=SC2034 # for folders.sh
  run_dir_is_set=${RUN_DIR:+yes}
  default RUN_DIR run
  RUN_DIR=$(realpath -m -- "$RUN_DIR")
  case $RUN_DIR in
    *[\"\$\\]* | *$'\n'*) fail "RUN_DIR: \" \$ \\ cannot stand in it: $RUN_DIR" ;;
  esac
  export RUN_DIR
}

load_settings() {
  find_run_dir
  default REDIS_URL redis://127.0.0.1:6379/0
  default LISTEN_PORTS '8080 8000 10000'
  default LISTEN_TLS_PORTS ''
  default LISTEN_ADDRESS localhost
  default STAGE dev
  default ALERTS_VALIDATION strict
  default APP_ENV local
  default NOTIQ_ADMIN_USERNAME admin
  default AUTH_STORE_DIR "$RUN_DIR/auth"
  default DATABASE_URL "sqlite:$RUN_DIR/catalog.sqlite"
  check_listen_addresses
  check_ports LISTEN_PORTS
  check_ports LISTEN_TLS_PORTS
  case $STAGE in
    dev | prod) ;;
    *) fail "STAGE: \"$STAGE\" is neither dev nor prod" ;;
  esac
  case $ALERTS_VALIDATION in
    strict | lenient) ;;
    *) fail "ALERTS_VALIDATION: \"$ALERTS_VALIDATION\" is neither strict nor lenient" ;;
  esac
  [ -z "${TLS_CERT:-}" ] || [ -n "${TLS_KEY:-}" ] || fail 'TLS_KEY: TLS_CERT is set, this is not'
  [ -z "${TLS_KEY:-}" ] || [ -n "${TLS_CERT:-}" ] || fail 'TLS_CERT: TLS_KEY is set, this is not'
  check_notiq_settings
  AUTH_STORE_DIR=$(realpath -m -- "$AUTH_STORE_DIR")
  check_redis_maxmemory
  check_nginx_user
  umask 027 # what others on this machine may not read, as a rule; what they may says so
  make_run_dir
  load_secrets
  check_admin_password
  # The default of the service that the users' part replaces: everybody can sign with it.
  if [ "$STAGE" = prod ] && [ "$JWT_SECRET" = dev-secret ]; then
    fail 'JWT_SECRET: "dev-secret" is known to everybody; STAGE=prod needs another one'
  fi
  check_trusted_networks
}
