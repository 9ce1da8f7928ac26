# Reads scripts/layers, then lines of the form FILE:LINE:#include WHAT; prints what breaks a rule.

# The longest path of the table that begins this file's.
function layer_of(file, path, best) {
  best = ""
  for (path in level)
    if (length(path) > length(best) && index(file, path) == 1) best = path
  return best
}

function program_of(file) {
  return substr(file, 1, index(file, "/") - 1)
}

function folder_of(path) {
  sub(/\/[^\/]*$/, "", path)
  return path
}

function complain(why) {
  print place ": " included " " why
  broken = 1
}

NR == FNR {
  if ($1 == "never") never[$2, $3] = 1
  else if ($1 ~ /^[0-9]+$/) { level[$2] = $1; pure[$2] = ($3 == "pure") }
  next
}

{
  split($0, part, ":")
  file = part[1]
  place = file ":" part[2]
  included = $0
  sub(/^[^<"]*[<"]/, "", included)
  sub(/[>"].*$/, "", included)
  from = layer_of(file)
  to = layer_of(included)
}

included ~ /^(ngx_[a-z0-9_]+|nginx)\.h$/ && file != "ngx_notify_module/ngx/ngx.hpp" {
  complain("is included by ngx_notify_module/ngx/ngx.hpp alone")
}

pure[from] && included ~ /^(ngx_[a-z0-9_]+\.h|(hiredis|event2|curl)\/|event\.h|sys\/(socket|epoll)\.h)/ {
  complain("makes " from " impure")
}

to == "" { next }

pure[from] && !pure[to] { complain("is not pure, but " from " is") }

level[to] > level[from] { complain("is above " from) }

level[to] == level[from] && folder_of(included) != folder_of(file) {
  complain("stands beside " from ": only what is below may be included")
}

program_of(included) != "shared" && program_of(included) != program_of(file) {
  complain("is part of another program")
}

(from, to) in never { complain("is nothing that " from " may know") }

END { exit broken }
