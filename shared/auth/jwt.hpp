#pragma once

// JSON Web Tokens (RFC 7519, compact JWS of RFC 7515), by system 002's rules (systems.md 3.1).

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

inline constexpr std::size_t kMaxJwtBytes = 16 * 1024;

// The one algorithm that a rule accepts; a token never chooses. Another one joins here, in
// parse_jwt_alg(), and in the one switch of jwt.cpp.
enum class JwtAlg { kHs256 };
std::optional<JwtAlg> parse_jwt_alg(std::string_view name);  // "HS256"

struct JwtRule {
  JwtAlg alg = JwtAlg::kHs256;
  std::string secret;  // HS256: the key's bytes; while it is empty nothing verifies
  std::string user_claim = "sub";
  std::chrono::seconds leeway{0};
};

struct Claims {
  std::string subject;   // the user claim, never empty; any characters, so check it as a name
  std::string raw_json;  // the payload, valid JSON object
  std::optional<double> exp;

  // A member of the payload, the last one of that name: decoded if it is a string without lone
  // surrogates, or as raw JSON of any kind.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> raw(std::string_view name) const;
};

// now: seconds since 1970. Errors are all kUnauthorized:
//
//   "Missing token"       the token is empty
//   "Invalid user claim"  all is well but the user claim is absent or an empty string
//   "Invalid token"       everything else: shape, algorithm, signature, `crit`, `aud` present, a
//                         time claim that is no number or out of its time, a `sub` or user claim
//                         that is no string
//
// exp is refused at or before now - leeway; nbf and iat after now + leeway. None is required.
Result<Claims> verify_jwt(std::string_view token, const JwtRule& rule, double now);

// A signed HS256 token with these claims (a JSON object, taken as it is). kInvalid if they are no
// object, or the secret is empty.
Result<std::string> mint_jwt(std::string_view claims_json, std::string_view secret);

}  // namespace notify
