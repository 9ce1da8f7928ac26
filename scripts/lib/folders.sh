# shellcheck shell=bash
# Whom nginx's workers run as, and the folders that they share with us. Nothing here is for others
# on the machine. A folder that we make is 0750; one that was there before is never opened further:
# where nginx's workers cannot reach it, that is an error with the command that mends it.

# As root: nginx's workers run as NGINX_USER, and `nginx_group` is that user's group. Else all runs
# as you, and both are empty.
check_nginx_user() {
  nginx_user='' nginx_group=''
  [ "$(id -u)" -eq 0 ] || return 0
  # shellcheck disable=SC2153 # find_run_dir sets it
  nginx_group=$(id -gn -- "$NGINX_USER" 2>/dev/null) ||
    fail "NGINX_USER: there is no user \"$NGINX_USER\" on this machine for nginx's workers to run as"
  [ "$(id -u -- "$NGINX_USER")" -ne 0 ] ||
    fail "NGINX_USER: nginx's workers do not run as $NGINX_USER; name a user without rights"
  nginx_user=$NGINX_USER
}

# as_nginx COMMAND...: with the rights of nginx's workers.
as_nginx() {
  [ -n "$nginx_user" ] || { "$@"; return; }
  setpriv --reuid "$nginx_user" --regid "$nginx_group" --init-groups -- "$@" 2>/dev/null
}

# share PATH...: nginx's workers may enter these folders, read these files and write to these
# sockets; others may not.
share() {
  local path mode
  [ -z "$nginx_group" ] || chgrp -- "$nginx_group" "$@" || return
  for path in "$@"; do
    mode=g+rX,g-w,o-rwx
    [ ! -S "$path" ] || mode=ug=rw,o=
    chmod -- "$mode" "$path" || return
  done
}

# make_shared_folder SETTING PATH
make_shared_folder() {
  [ ! -d "$2" ] || return 0
  { (umask 022 && mkdir -p -- "$(dirname -- "$2")") && mkdir -m 750 -- "$2" && share "$2"; } ||
    fail "$1: cannot make the folder $2"
}

# first_barrier PATH: the first folder on the way to PATH that nginx's workers cannot enter; PATH
# itself where they cannot read it. Nothing where they can.
first_barrier() {
  local path='' part parts
  IFS=/ read -ra parts <<<"${1#/}"
  for part in "${parts[@]}"; do
    path+=/$part
    if [ -d "$path" ]; then
      as_nginx test -x "$path" || { echo "$path"; return; }
    elif [ -e "$path" ]; then
      as_nginx test -r "$path" || { echo "$path"; return; }
    fi
  done
}

# check_reach SETTING PATH: nginx's workers need PATH. They get no more rights for lack of it.
check_reach() {
  local barrier remedy
  [ -n "$nginx_user" ] || return 0 # nginx is you, and says itself what you cannot reach
  barrier=$(first_barrier "$2")
  [ -n "$barrier" ] || return 0
  if [ "$barrier" != "$2" ]; then
    remedy="\`chmod o+x $(printf %q "$barrier")\`, or set $1 to a place outside of it"
  elif [ -d "$barrier" ]; then
    remedy="\`chgrp $nginx_group $(printf %q "$barrier") && chmod 750 $(printf %q "$barrier")\`"
  else
    remedy="\`chgrp $nginx_group $(printf %q "$barrier") && chmod 640 $(printf %q "$barrier")\`"
  fi
  fail "$1: nginx's workers run as $nginx_user, who cannot reach $barrier" \
    "($(stat -c 'mode %a, %U:%G' -- "$barrier")): $remedy"
}

# Where RUN_DIR is ./run, nobody chose it. As root, in a clone that nginx's workers cannot enter (a
# home, a folder of `mktemp -d`), its content then stands in /var/lib, and ./run is a link to it.
place_run_dir() {
  [ -z "$run_dir_is_set" ] && [ -n "$nginx_user" ] && [ ! -e "$RUN_DIR" ] || return 0
  [ -n "$(first_barrier "$(dirname -- "$RUN_DIR")")" ] || return 0
  local digest place
  digest=$(printf %s "$RUN_DIR" | sha256sum)
  place=/var/lib/notify-run/${digest:0:16}
  install -d -m 755 /var/lib/notify-run || fail "RUN_DIR: cannot make /var/lib/notify-run"
  make_shared_folder RUN_DIR "$place"
  ln -sfn -- "$place" "$RUN_DIR" || fail "RUN_DIR: cannot make the link $RUN_DIR"
  echo "nginx's workers, who run as $nginx_user, cannot enter $(dirname -- "$RUN_DIR"):" \
    "./run is a link to $place" >&2
  export RUN_DIR=$place
}

# The folder of all that runs. An older one that everybody could enter is closed.
make_run_dir() {
  local mode
  place_run_dir
  make_shared_folder RUN_DIR "$RUN_DIR"
  mode=0$(stat -c %a -- "$RUN_DIR")
  (((mode & 0002) == 0)) ||
    fail "RUN_DIR: everybody can write into $RUN_DIR; set RUN_DIR to a folder of its own," \
      "or \`chmod o-w $(printf %q "$RUN_DIR")\`"
  (((mode & 0027) == 0)) || [ "$mode" = 0750 ] || share "$RUN_DIR" || fail "RUN_DIR: cannot close $RUN_DIR to others"
  check_reach RUN_DIR "$RUN_DIR"
  find "$RUN_DIR" -maxdepth 1 -type f -name '*.log' -perm /027 -exec chmod g-wx,o-rwx {} +
}

# The folder of the API keys: for us, and for nginx's workers to read.
make_key_store() {
  make_shared_folder AUTH_STORE_DIR "$AUTH_STORE_DIR"
  check_reach AUTH_STORE_DIR "$AUTH_STORE_DIR"
  check_reach AUTH_STORE_DIR "$AUTH_STORE_DIR/auth.json"
}

# A socket's path has 107 bytes at most. Where RUN_DIR is too long for one, the socket stands in a
# folder of its own that nobody can foresee, named in RUN_DIR and removed at the end.
make_socket_folder() {
  local folder base=/run
  remove_socket_folder
  default NOTIFY_CATALOG_SOCKET "$RUN_DIR/catalog.sock"
  [ "$(printf %s "$NOTIFY_CATALOG_SOCKET" | wc -c)" -gt 107 ] || return 0
  [ -n "$nginx_user" ] || base=${XDG_RUNTIME_DIR:-/tmp}
  if ! { folder=$(mktemp -d "$base/notify.XXXXXXXXXX") && share "$folder" &&
    printf '%s\n' "$folder" >"$RUN_DIR/socket-folder"; }; then
    fail "NOTIFY_CATALOG_SOCKET: cannot make a folder in $base for it"
  fi
  export NOTIFY_CATALOG_SOCKET=$folder/catalog.sock
}

remove_socket_folder() {
  local folder
  [ -f "$RUN_DIR/socket-folder" ] || return 0
  read -r folder <"$RUN_DIR/socket-folder"
  rm -f -- "$folder"/catalog.sock{,.lock} "$RUN_DIR/socket-folder"
  rmdir -- "$folder" 2>/dev/null
  return 0
}
