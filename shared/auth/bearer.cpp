#include "shared/auth/bearer.hpp"

#include <string>

#include "shared/base/crypto.hpp"

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

Result<void> verify_bearer(std::optional<std::string_view> authorization, std::string_view token) {
  if (!authorization || authorization->empty()) {
    return unauthorized("Authorization header required");
  }
  const auto given = parse_bearer(*authorization);
  if (!given) {
    return unauthorized("Invalid bearer token format");
  }
  if (token.empty() || !equal_constant_time(*given, token)) {
    return unauthorized("Invalid bearer token");
  }
  return {};
}

}  // namespace notify
