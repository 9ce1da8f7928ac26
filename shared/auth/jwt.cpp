#include "shared/auth/jwt.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "shared/base/crypto.hpp"
#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

Error unauthorized(std::string message) { return {ErrorKind::kUnauthorized, std::move(message)}; }

using Members = std::vector<json::Member>;

constexpr double kLastTime = 253402300799.0;  // 9999-12-31T23:59:59Z

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

struct Algorithm {
  JwtAlg alg;
  std::string_view name;
  std::optional<PublicKey::Kind> key;  // nullopt: a secret
};

constexpr std::array kAlgorithms{
    Algorithm{JwtAlg::kHs256, "HS256", std::nullopt},
    Algorithm{JwtAlg::kRs256, "RS256", PublicKey::Kind::kRsa},
    Algorithm{JwtAlg::kEs256, "ES256", PublicKey::Kind::kP256},
    Algorithm{JwtAlg::kEdDsa, "EdDSA", PublicKey::Kind::kEd25519},
};

const Algorithm& algorithm(JwtAlg alg) {
  return *std::find_if(kAlgorithms.begin(), kAlgorithms.end(),
                       [&](const Algorithm& each) { return each.alg == alg; });
}

// By the rule's algorithm and key alone, whatever the token says.
bool signature_matches(const JwtRule& rule, const Parts& parts) {
  const auto signature = base64url_decode(parts.signature);
  if (!signature) {
    return false;
  }
  if (jwt_key_kind(rule.alg)) {
    return rule.key && rule.key->verifies(parts.signed_text, *signature);
  }
  const Digest expected = hmac_sha256(rule.secret, parts.signed_text);
  return !rule.secret.empty() &&
         equal_constant_time(*signature,
                             {reinterpret_cast<const char*>(expected.data()), expected.size()});
}

// RFC 7515, section 4.1. `crit` names extensions that must be understood, and none is; `b64` false
// (RFC 7797) would change what is signed.
bool header_fits(const Members& header, JwtAlg alg) {
  const json::Value* name = json::find(header, "alg");
  const json::Value* b64 = json::find(header, "b64");
  return name != nullptr && json::unquote_strict(*name) == jwt_alg_name(alg) &&
         json::find(header, "crit") == nullptr && (b64 == nullptr || b64->is_true());
}

// A time claim: absent, or a number from 1970 to 9999.
bool read_time(const Members& payload, std::string_view name, std::optional<double>& out) {
  const json::Value* value = json::find(payload, name);
  if (value == nullptr) {
    return true;
  }
  out = json::to_double(*value);
  return out && *out >= 0 && *out <= kLastTime;
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

bool is_text(const json::Value* value, std::string_view text) {
  return value != nullptr && json::unquote_strict(*value) == text;
}

// `aud` is one text, or a list of them (RFC 7519, 4.1.3).
bool audience_fits(const Members& payload, const std::vector<std::string>& audiences) {
  const json::Value* audience = json::find(payload, "aud");
  if (audience == nullptr || audiences.empty()) {
    return audience == nullptr && audiences.empty();
  }
  std::vector<json::Value> named{*audience};
  if (audience->is_array()) {
    auto list = json::elements(*audience);
    if (!list) {
      return false;
    }
    named = std::move(*list);
  }
  return std::any_of(named.begin(), named.end(), [&](const json::Value& each) {
    return std::any_of(audiences.begin(), audiences.end(),
                       [&](const std::string& ours) { return is_text(&each, ours); });
  });
}

// For whom it is, from whom, and what must be in it.
bool claims_fit(const Members& payload, const JwtRule& rule) {
  const auto present = [&](const std::string& name) {
    const json::Value* value = json::find(payload, name);
    return value != nullptr && !json::unquote_strict(*value).value_or("").empty();
  };
  return audience_fits(payload, rule.audiences) &&
         (rule.issuer.empty() || is_text(json::find(payload, "iss"), rule.issuer)) &&
         std::all_of(rule.required.begin(), rule.required.end(), present);
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
  if (!members) {
    return std::nullopt;
  }
  if (const json::Value* value = json::find(*members, name)) {
    return *value;
  }
  const auto twin = std::find_if(members->rbegin(), members->rend(), [&](const json::Member& each) {
    return iequals(each.name, name);
  });
  return twin == members->rend() ? std::nullopt : std::optional(twin->value);
}

}  // namespace

std::optional<JwtAlg> parse_jwt_alg(std::string_view name) {
  for (const Algorithm& each : kAlgorithms) {
    if (each.name == name) {
      return each.alg;
    }
  }
  return std::nullopt;
}

std::string_view jwt_alg_name(JwtAlg alg) { return algorithm(alg).name; }

std::optional<PublicKey::Kind> jwt_key_kind(JwtAlg alg) { return algorithm(alg).key; }

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
  if (!payload || !time_fits(*payload, rule, now, claims) || !claims_fit(*payload, rule)) {
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

bool Claims::names(std::string_view name) const {
  const auto value = claim(raw_json, name);
  if (!value) {
    return false;
  }
  return value->is_string() ? !json::unquote_strict(*value).value_or("").empty()
                            : !value->is_null() && !value->is_object() && !value->is_array();
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
