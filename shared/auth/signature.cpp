#include "shared/auth/signature.hpp"

#include <cstddef>

#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

Error forbidden(std::string message) { return {ErrorKind::kForbidden, std::move(message)}; }

// Field values have blanks and tabs around them at most (RFC 9110, 5.5).
bool is_blank(char c) { return c == ' ' || c == '\t'; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// An integer in the spelling that the replaced service took (Python's int(): a sign, `_` between
// digits): `valid`, and the value where 64 bits hold it.
struct PythonInteger {
  bool valid = false;
  std::optional<std::int64_t> value;
};

PythonInteger parse_python_integer(std::string_view text) {
  constexpr std::size_t kMaxDigits = 4300;  // beyond it int() refuses
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  std::string digits;
  if (text.starts_with('-')) {
    digits = "-";
  }
  if (text.starts_with('-') || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_digit(text[i])) {
      digits += text[i];
      ++count;
    } else if (text[i] != '_' || i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) ||
               !is_digit(text[i + 1])) {
      return {};
    }
  }
  if (count == 0 || count > kMaxDigits) {
    return {};
  }
  return {true, parse_i64(digits)};
}

bool within(std::int64_t at, std::int64_t now, std::chrono::seconds window) {
  // Unsigned, since the distance of two 64-bit numbers need not be one.
  const auto distance = at < now ? static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(at)
                                 : static_cast<std::uint64_t>(at) - static_cast<std::uint64_t>(now);
  return window.count() >= 0 && distance <= static_cast<std::uint64_t>(window.count());
}

}  // namespace

Result<void> verify(const SignatureRule& rule, const SignatureInput& input, std::int64_t now_unix) {
  if (rule.token.empty() || !input.token || input.token_repeated ||
      !equal_constant_time(*input.token, rule.token)) {
    return forbidden("Invalid token");
  }
  const PythonInteger at = input.timestamp && !input.timestamp_repeated
                               ? parse_python_integer(*input.timestamp)
                               : PythonInteger{};
  if (!at.valid) {
    return invalid("Invalid timestamp");
  }
  if (!at.value || !within(*at.value, now_unix, rule.window)) {
    return invalid("Request expired");
  }
  if (!input.signature || input.signature_repeated ||
      !equal_constant_time(*input.signature, sign(rule.token, *input.timestamp))) {
    return forbidden("Invalid signature");
  }
  return {};
}

std::string sign(std::string_view token, std::string_view timestamp) {
  return hex(hmac_sha256(token, timestamp));
}

}  // namespace notify
