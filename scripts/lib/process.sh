# shellcheck shell=bash
# Processes by pid. A pid from a file may have become somebody else's, so it counts only when the
# process shows our RUN_DIR.

# pid_of NAME: sets `pid` from RUN_DIR/NAME.pid; fails when no process of ours has it.
pid_of() {
  pid=
  [ -f "$RUN_DIR/$1.pid" ] && read -r pid <"$RUN_DIR/$1.pid"
  [[ ${pid:-} =~ ^[0-9]+$ ]] && is_ours "$pid"
}

is_ours() {
  local arguments environment path
  arguments=$'\n'$({ tr '\0 ' '\n' <"/proc/$1/cmdline"; } 2>/dev/null)$'\n'
  environment=$'\n'$({ tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null)$'\n'
  path=$'\n'${RUN_DIR// /$'\n'}
  [[ $arguments == *"$path"[/$'\n']* || $environment == *$'\n'"RUN_DIR=$RUN_DIR"$'\n'* ]]
}

running() {
  local state
  { read -r _ _ state _ <"/proc/$1/stat"; } 2>/dev/null && [ "$state" != Z ]
}

# wait_gone SECONDS PID...: true when all have ended within that time.
wait_gone() {
  local tenths=$(($1 * 10)) one
  shift
  for one in "$@"; do
    while running "$one"; do
      [ "$tenths" -gt 0 ] || return 1
      tenths=$((tenths - 1))
      sleep 0.1
    done
  done
}

# end_process PID SECONDS: SIGTERM, and SIGKILL when that is not enough.
end_process() {
  kill -TERM "$1" 2>/dev/null
  wait_gone "$2" "$1" || kill -KILL "$1" 2>/dev/null
}

# end_session LEADER: what a killed nginx master leaves behind. Each of our programs leads a session
# of its own, and the kernel gives a pid to nobody else while a session still bears it.
end_session() {
  local stat pid comm rest session
  for stat in /proc/[0-9]*/stat; do
    { read -r rest <"$stat"; } 2>/dev/null || continue
    pid=${rest%% *}
    comm=${rest#*\(}
    comm=${comm%\)*}
    rest=${rest##*) }
    read -r _ _ _ session _ <<<"$rest"
    if [ "$session" = "$1" ] && [ "$comm" = nginx ]; then
      end_process "$pid" 3
    fi
  done
}

# end_leftovers: what the pid files in RUN_DIR name, after a supervisor that could not clean up.
end_leftovers() {
  local name
  for name in nginx notify-worker redis; do
    if pid_of "$name"; then
      echo "ending $name (pid $pid), which was left from before"
      end_process "$pid" 5
    fi
    if [ "$name" = nginx ] && [ -n "$pid" ] && ! running "$pid"; then
      end_session "$pid"
    fi
    rm -f "$RUN_DIR/$name.pid"
  done
}

# listening PORT: does anybody listen on that TCP port?
listening() {
  local hex
  hex=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v end=":$hex" '$4 == "0A" && substr($2, length($2) - 4) == end { found = 1 }
      END { exit !found }'
}
