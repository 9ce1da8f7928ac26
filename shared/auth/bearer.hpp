#pragma once

#include <optional>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

// What follows "Bearer " in an Authorization header (RFC 6750), exactly as it stands; nullopt for
// another scheme. The scheme is case-sensitive, as in the systems that this replaces.
std::optional<std::string_view> parse_bearer(std::string_view authorization);

// Constant-time against the one token that is right. kUnauthorized, system 003's messages:
// "Authorization header required" (absent or empty), "Invalid bearer token format",
// "Invalid bearer token". While `token` is empty nothing verifies.
Result<void> verify_bearer(std::optional<std::string_view> authorization, std::string_view token);

}  // namespace notify
