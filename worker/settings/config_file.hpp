#pragma once

// The worker's configuration file: lines of `name = value`. Own, and strict: CLI11's reader cuts a
// quoted value at `#`, which a password may hold, and passes over lines that it cannot read.

#include <map>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::worker {

struct FileValue {
  std::string value;
  unsigned line = 0;
};

// By name. The error is "line N: what is wrong", without the value.
Result<std::map<std::string, FileValue, std::less<>>> parse_config_text(std::string_view text);

}  // namespace notify::worker
