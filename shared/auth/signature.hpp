#pragma once

// Signed requests of the environments (notify_signature): headers `token`, `x-timestamp` and
// `x-signature`, where the signature is the lower-case hexadecimal HMAC-SHA256 of the timestamp's text, under the
// token. The window is the only guard against replay, by contract.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

struct SignatureRule {
  std::string token;  // the shared secret; while it is empty nothing verifies
  std::chrono::seconds window{60};
};

// The headers as they came: nullopt where absent. A header that came twice is as good as wrong.
struct SignatureInput {
  std::optional<std::string_view> token;
  std::optional<std::string_view> timestamp;
  std::optional<std::string_view> signature;
  bool token_repeated = false;
  bool timestamp_repeated = false;
  bool signature_repeated = false;
};

// Checked in this order; the messages are the contract:
//
//   kForbidden  "Invalid token"        absent or different
//   kInvalid    "Invalid timestamp"    absent, or no integer as Python's int() reads one
//   kInvalid    "Request expired"      further than the window from now, either way; any size
//   kForbidden  "Invalid signature"    absent or different; upper-case digits are different
Result<void> verify(const SignatureRule& rule, const SignatureInput& input, std::int64_t now_unix);

// The value of `x-signature` for that timestamp.
std::string sign(std::string_view token, std::string_view timestamp);

}  // namespace notify
