#pragma once

#include <string>

#include "shared/base/result.hpp"

namespace notify::worker {

// The addresses of a host's name, separated by blanks, in the system's order; an address stays what
// it is. Blocks: for start-up only. (hiredis would resolve at each connect, and block the loop.)
Result<std::string> resolve_host(const std::string& host);

}  // namespace notify::worker
