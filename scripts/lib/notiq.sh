# shellcheck shell=bash
# The catalogue's settings of `make run`.

# check_notiq_settings: NOTIQ_SOCKET_AUTH, NOTIQ_ECHO and NOTIQ_ORIGINS, with their defaults.
check_notiq_settings() {
  local origin origins
  default NOTIQ_SOCKET_AUTH required
  default NOTIQ_ECHO off
  default NOTIQ_ORIGINS ''
  case $NOTIQ_SOCKET_AUTH in
    required | optional) ;;
    *) fail "NOTIQ_SOCKET_AUTH: \"$NOTIQ_SOCKET_AUTH\" is neither required nor optional" ;;
  esac
  case $NOTIQ_ECHO in
    on | off) ;;
    *) fail "NOTIQ_ECHO: \"$NOTIQ_ECHO\" is neither on nor off" ;;
  esac
  read -ra origins <<<"${NOTIQ_ORIGINS//[,$'\n']/ }"
  for origin in "${origins[@]}"; do
    [[ $origin =~ ^https?://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$ ]] ||
      fail "NOTIQ_ORIGINS: \"$origin\" is no origin such as https://app.example.org"
  done
  export NOTIQ_ORIGINS="${origins[*]}"
}

# weak_admin_password: is the superuser's password one that somebody would guess? Prints why.
weak_admin_password() {
  local password=${NOTIQ_ADMIN_PASSWORD:-} known
  [ -n "$password" ] || return 1
  for known in admin administrator password passw0rd changeme change-me secret letmein welcome notiq \
    superuser qwertyuiop 1234567890 123456789012 password1234 adminpassword; do
    if [ "${password,,}" = "$known" ]; then
      echo 'everybody guesses it first'
      return
    fi
  done
  if [ "${password,,}" = "${NOTIQ_ADMIN_USERNAME,,}" ]; then
    echo 'it is the name, too'
  elif [ "${#password}" -lt 12 ]; then
    echo 'it has less than 12 characters'
  else
    return 1
  fi
}

# check_admin_password: with STAGE=prod a weak one is refused, else one is told.
check_admin_password() {
  local why
  why=$(weak_admin_password) || return 0
  if [ "$STAGE" = prod ]; then
    fail "NOTIQ_ADMIN_PASSWORD: $why; STAGE=prod needs a better one, such as \`openssl rand -hex 16\` makes"
  fi
  echo "NOTIQ_ADMIN_PASSWORD: $why; good enough for development alone" >&2
}

# render_notiq FILE: conf/notiq.conf as these settings say.
render_notiq() {
  if [ "$NOTIQ_SOCKET_AUTH" = optional ]; then
    # The line that is commented out takes the place of the one above it.
    sed -i '/^ *notify_member .* required;$/d; s/^\( *\)#\(notify_member .*\)/\1\2/' "$1"
  fi
  if [ "$NOTIQ_ECHO" = on ]; then
    sed -i 's/^\( *\)#\(notify_echo .*\)/\1\2/' "$1"
  fi
  if [ -n "$NOTIQ_ORIGINS" ]; then
    sed -i "s|^\( *\)notify_origin same;|\1notify_origin same $NOTIQ_ORIGINS;|
      s|^\( *\)#notify_cors https://app.example.org |\1notify_cors $NOTIQ_ORIGINS |" "$1"
  fi
}
