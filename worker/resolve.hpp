#pragma once

#include <string>

#include "shared/base/result.hpp"

namespace notify::worker {

// An address for a host's name, IPv4 rather than IPv6; an address stays what it is. Blocks: for
// start-up only. (hiredis would resolve at each connect, and block the loop.)
Result<std::string> resolve_host(const std::string& host);

}  // namespace notify::worker
