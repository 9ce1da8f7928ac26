#include "shared/auth/jwt.hpp"

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "shared/base/crypto.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

Error unauthorized(std::string message) { return {ErrorKind::kUnauthorized, std::move(message)}; }

using Members = std::vector<json::Member>;

// The three parts of a compact token; two dots exactly.
struct Parts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // header and payload with their dot
};

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) {
    return std::nullopt;
  }
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

// The members of an object; `text` keeps what they point into.
std::optional<Members> decode_object(std::string_view encoded, std::string& text) {
  auto decoded = base64url_decode(encoded);
  if (!decoded) {
    return std::nullopt;
  }
  text = std::move(*decoded);
  const auto value = json::parse_value(text);
  if (!value) {
    return std::nullopt;
  }
  auto members = json::members(*value);
  if (!members) {
    return std::nullopt;
  }
  return std::move(*members);
}

std::string_view name_of(JwtAlg alg) {
  switch (alg) {
    case JwtAlg::kHs256:
      return "HS256";
  }
  return {};
}

// The one place that knows how an algorithm checks. Keys of other kinds join JwtRule.
bool signature_matches(const JwtRule& rule, const Parts& parts) {
  const auto signature = base64url_decode(parts.signature);
  if (!signature) {
    return false;
  }
  switch (rule.alg) {
    case JwtAlg::kHs256: {
      const Digest expected = hmac_sha256(rule.secret, parts.signed_text);
      return !rule.secret.empty() &&
             equal_constant_time(*signature,
                                 {reinterpret_cast<const char*>(expected.data()), expected.size()});
    }
  }
  return false;
}

// RFC 7515, section 4.1. `crit` names extensions that must be understood, and none is; `b64` false
// (RFC 7797) would change what is signed.
bool header_fits(const Members& header, JwtAlg alg) {
  const json::Value* name = json::find(header, "alg");
  const json::Value* b64 = json::find(header, "b64");
  return name != nullptr && json::unquote_strict(*name) == name_of(alg) &&
         json::find(header, "crit") == nullptr && (b64 == nullptr || b64->is_true());
}

// A time claim: absent, or a number that can be compared.
bool read_time(const Members& payload, std::string_view name, std::optional<double>& out) {
  const json::Value* value = json::find(payload, name);
  if (value == nullptr) {
    return true;
  }
  out = json::to_double(*value);
  return out && std::isfinite(*out);
}

// Refuses a token outside its time, and remembers when it ends.
bool time_fits(const Members& payload, const JwtRule& rule, double now, Claims& claims) {
  std::optional<double> not_before;
  std::optional<double> issued_at;
  if (!read_time(payload, "exp", claims.exp) || !read_time(payload, "nbf", not_before) ||
      !read_time(payload, "iat", issued_at)) {
    return false;
  }
  const auto leeway = static_cast<double>(rule.leeway.count());
  return !(claims.exp && *claims.exp <= now - leeway) &&
         !(not_before && *not_before > now + leeway) && !(issued_at && *issued_at > now + leeway);
}

Result<void> read_subject(const Members& payload, const JwtRule& rule, Claims& claims) {
  // `sub` must be a string (RFC 7519, 4.1.2), whichever claim names the user.
  const json::Value* sub = json::find(payload, "sub");
  if (sub != nullptr && !sub->is_string()) {
    return unauthorized("Invalid token");
  }
  const json::Value* user = json::find(payload, rule.user_claim);
  if (user == nullptr) {
    return unauthorized("Invalid user claim");
  }
  auto subject = json::unquote_strict(*user);
  if (!subject) {
    return unauthorized("Invalid token");
  }
  if (subject->empty()) {
    return unauthorized("Invalid user claim");
  }
  claims.subject = std::move(*subject);
  return {};
}

std::optional<json::Value> claim(std::string_view payload, std::string_view name) {
  const auto object = json::parse_value(payload);
  if (!object) {
    return std::nullopt;
  }
  const auto members = json::members(*object);
  const json::Value* value = members ? json::find(*members, name) : nullptr;
  if (value == nullptr) {
    return std::nullopt;
  }
  return *value;
}

}  // namespace

std::optional<JwtAlg> parse_jwt_alg(std::string_view name) {
  if (name == name_of(JwtAlg::kHs256)) {
    return JwtAlg::kHs256;
  }
  return std::nullopt;
}

Result<Claims> verify_jwt(std::string_view token, const JwtRule& rule, double now) {
  if (token.empty()) {
    return unauthorized("Missing token");
  }
  const Error refused = unauthorized("Invalid token");
  const auto parts = token.size() <= kMaxJwtBytes ? split(token) : std::nullopt;
  if (!parts) {
    return refused;
  }
  std::string header_text;
  const auto header = decode_object(parts->header, header_text);
  if (!header || !header_fits(*header, rule.alg) || !signature_matches(rule, *parts)) {
    return refused;
  }
  Claims claims;
  const auto payload = decode_object(parts->payload, claims.raw_json);
  if (!payload || !time_fits(*payload, rule, now, claims) ||
      json::find(*payload, "aud") != nullptr) {
    return refused;
  }
  if (auto subject = read_subject(*payload, rule, claims); !subject) {
    return subject.error();
  }
  return claims;
}

std::optional<std::string> Claims::text(std::string_view name) const {
  const auto value = claim(raw_json, name);
  return value ? json::unquote_strict(*value) : std::nullopt;
}

std::optional<std::string> Claims::raw(std::string_view name) const {
  const auto value = claim(raw_json, name);
  return value ? std::optional<std::string>(value->raw) : std::nullopt;
}

Result<std::string> mint_jwt(std::string_view claims_json, std::string_view secret) {
  const auto value = json::parse_value(claims_json);
  if (!value) {
    return value.error();
  }
  if (!value->is_object()) {
    return invalid("the claims are not a JSON object");
  }
  if (secret.empty()) {
    return invalid("the secret is empty");
  }
  std::string token = base64url_encode(std::string_view(R"({"alg":"HS256","typ":"JWT"})"));
  token += '.';
  token += base64url_encode(value->raw);
  return token + "." + base64url_encode(hmac_sha256(secret, token));
}

}  // namespace notify
