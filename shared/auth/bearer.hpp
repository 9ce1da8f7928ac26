#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"

namespace notify {

// What follows "Bearer " in an Authorization header (RFC 6750), exactly as it stands; nullopt for
// another scheme. The scheme is case-sensitive, as in the systems that this replaces.
std::optional<std::string_view> parse_bearer(std::string_view authorization);

// The same as HTTP has it: the scheme in any case of letters (RFC 9110, 11.1), and one or more
// blanks behind it (11.4).
std::optional<std::string_view> parse_bearer_token(std::string_view authorization);

// The tokens that are right, and what is told to whom has none of them.
struct BearerRule {
  std::vector<std::string> tokens;  // none, or an empty one: verifies nothing
  std::string missing = "Authorization header required";
  std::string malformed = "Invalid bearer token format";
  std::string wrong = "Invalid bearer token";
};

// Constant-time against all of them. kUnauthorized says `missing` where the header is absent or
// empty, `malformed` where it is of another scheme, else `wrong`.
Result<void> verify_bearer(std::optional<std::string_view> authorization, const BearerRule& rule);

}  // namespace notify
