#pragma once

#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

// What a secret in a configuration stands for:
//
//   env:NAME    the environment variable; unset or empty is an error
//   file:PATH   the first line of the file, without its line end; no file or an empty line is one
//   otherwise   the text itself; empty is an error
//
// Errors (kInvalid) name the variable, or the path and the system's reason, and never a value.
// Reads a file: for start-up and configuration, not for an event loop.
Result<std::string> resolve_secret(std::string_view spec);

}  // namespace notify
