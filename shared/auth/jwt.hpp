#pragma once

// JSON Web Tokens (RFC 7519, compact JWS of RFC 7515), by the rules of the replaced
// users service, and those of other issuers: public keys, issuer, audience.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/public_key.hpp"
#include "shared/base/result.hpp"

namespace notify {

inline constexpr std::size_t kMaxJwtBytes = 16 * 1024;

// The one algorithm that a rule accepts; a token never chooses. Another one joins here and in
// jwt.cpp's table.
enum class JwtAlg { kHs256, kRs256, kEs256, kEdDsa };
std::optional<JwtAlg> parse_jwt_alg(std::string_view name);  // "HS256", "RS256", "ES256", "EdDSA"
std::string_view jwt_alg_name(JwtAlg alg);
// The kind of key that it needs; nullopt: a secret.
std::optional<PublicKey::Kind> jwt_key_kind(JwtAlg alg);

struct JwtRule {
  JwtAlg alg = JwtAlg::kHs256;
  std::string secret;            // HS256: the key's bytes; while it is empty nothing verifies
  std::optional<PublicKey> key;  // the others: the same
  std::string user_claim = "sub";
  std::chrono::seconds leeway{0};
  std::string issuer;                  // that `iss` must be; empty: it is not looked at
  std::vector<std::string> audiences;  // one of which `aud` must name; empty: a token with `aud`
                                       // is for somebody else
  std::vector<std::string> required;   // claims that must be texts and not empty
};

struct Claims {
  std::string subject;   // the user claim, never empty; any characters, so check it as a name
  std::string raw_json;  // the payload, valid JSON object
  std::optional<double> exp;

  // A member of the payload, the last one of that name, or else the last one whose name differs in
  // the case of letters only (nginx knows variables in lower case): decoded if it is a string
  // without lone surrogates, or as raw JSON of any kind.
  [[nodiscard]] std::optional<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> raw(std::string_view name) const;
  // Whether it can be part of a name: a string that is not empty, a number or a boolean.
  [[nodiscard]] bool names(std::string_view name) const;
};

// now: seconds since 1970. Errors are all kUnauthorized:
//
//   "Missing token"       the token is empty
//   "Invalid user claim"  all is well but the user claim is absent or an empty string
//   "Invalid token"       everything else: shape, algorithm, signature, `crit`, an `aud` or `iss`
//                         that does not fit, a time claim that is no number, negative or beyond
//                         the year 9999, or out of its time, a `sub` or user claim that is no
//                         string
//
// exp is refused at or before now - leeway; nbf and iat after now + leeway. None is required.
Result<Claims> verify_jwt(std::string_view token, const JwtRule& rule, double now);

// A signed HS256 token with these claims (a JSON object, taken as it is). kInvalid if they are no
// object, or the secret is empty.
Result<std::string> mint_jwt(std::string_view claims_json, std::string_view secret);

}  // namespace notify
