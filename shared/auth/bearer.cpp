#include "shared/auth/bearer.hpp"

#include <algorithm>

#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

Error unauthorized(std::string message) { return {ErrorKind::kUnauthorized, std::move(message)}; }

}  // namespace

std::optional<std::string_view> parse_bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!authorization.starts_with(kScheme)) {
    return std::nullopt;
  }
  return authorization.substr(kScheme.size());
}

std::optional<std::string_view> parse_bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer";
  if (!iequals(authorization.substr(0, kScheme.size()), kScheme) ||
      !authorization.substr(kScheme.size()).starts_with(' ')) {
    return std::nullopt;
  }
  authorization.remove_prefix(kScheme.size());
  authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
  return authorization;
}

Result<void> verify_bearer(std::optional<std::string_view> authorization, const BearerRule& rule) {
  if (!authorization || authorization->empty()) {
    return unauthorized(rule.missing);
  }
  const auto given = parse_bearer(*authorization);
  if (!given) {
    return unauthorized(rule.malformed);
  }
  bool right = false;
  for (const std::string& token : rule.tokens) {
    // Each is looked at, whichever it is.
    const bool same = !token.empty() && equal_constant_time(*given, token);
    right = right || same;
  }
  return right ? Result<void>{} : unauthorized(rule.wrong);
}

}  // namespace notify
