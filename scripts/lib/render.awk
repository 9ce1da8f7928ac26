# Renders nginx.conf.example: a line that ends with `# @NAME` gets the value of this machine; what
# follows the old value (a log format, a level) stays. Variables: run_dir, module, user (empty:
# drop the line), workers (empty: leave the line), and in the environment LISTEN_LINES,
# NOTIFY_CATALOG_SOCKET (empty: RUN_DIR/catalog.sock) and APP_ENV (empty: leave the line).

function put(value) {
  print indent word[1] " \"" value "\"" rest ";"
}

!match($0, /[ \t]*#[ \t]*@[A-Z_]+[ \t]*$/) {
  print
  next
}

{
  marker = substr($0, RSTART)
  gsub(/[ \t#@]/, "", marker)
  text = substr($0, 1, RSTART - 1)
  match(text, /^[ \t]*/)
  indent = substr(text, 1, RLENGTH)
  count = split(substr(text, RLENGTH + 1), word, /[ \t;]+/)
  rest = ""
  for (i = 3; i <= count; i++)
    if (word[i] != "") rest = rest " " word[i]
}

marker == "MODULE" { put(module) }
marker == "PID" { put(run_dir "/nginx.pid") }
marker == "ERROR_LOG" { put(run_dir "/error.log") }
marker == "ACCESS_LOG" { put(run_dir "/access.log") }
marker == "TEMP" { put(run_dir "/tmp/" word[1]) }
marker == "CATALOG" {
  socket = ENVIRON["NOTIFY_CATALOG_SOCKET"]
  put("unix:" (socket == "" ? run_dir "/catalog.sock" : socket))
}
marker == "APP_ENV" {
  app_env = ENVIRON["APP_ENV"]
  print indent word[1] " " word[2] " " (app_env == "" ? word[3] : app_env) ";"
}
marker == "USER" && user != "" { print indent "user " user ";" }
marker == "WORKERS" { print indent "worker_processes " (workers == "" ? word[2] : workers) ";" }

marker == "LISTEN" && !listened {
  listened = 1
  lines = split(ENVIRON["LISTEN_LINES"], line, "\n")
  for (i = 1; i <= lines; i++) print indent line[i]
}

marker !~ /^(MODULE|PID|ERROR_LOG|ACCESS_LOG|CATALOG|APP_ENV|TEMP|USER|WORKERS|LISTEN)$/ {
  print "nginx.conf.example line " NR ": nothing is known about # @" marker > "/dev/stderr"
  exit 1
}
