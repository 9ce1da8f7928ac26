#pragma once

#include <string>

#include "shared/base/result.hpp"

namespace notify::worker {

// Listens on a Unix socket of mode 0660: for this process's user, and for a group. An older socket
// of that path is removed. `group` is a name or a number; empty: this process's own. Answers the
// descriptor, which does not block. Errors say what the system said.
Result<int> listen_unix(const std::string& path, const std::string& group, int backlog);

}  // namespace notify::worker
