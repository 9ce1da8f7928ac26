#pragma once

// Bodies that are signed by who sends them (webhooks of Slack, GitHub, Stripe and others): a header
// holds the hexadecimal HMAC-SHA256, under a shared secret, of a text that is made of the body and
// of a time that another header tells.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

struct BodySignatureRule {
  std::string secret;  // while it is empty nothing verifies
  std::string prefix;  // stands before the digits in the header, such as "sha256="
  // What is signed: {timestamp} and {body} stand for these.
  std::string message = "{timestamp}.{body}";
  std::chrono::seconds window{300};  // 0: the time is not looked at

  [[nodiscard]] bool uses_time() const;
};

struct SignedBody {
  std::optional<std::string_view> timestamp;  // headers, nullopt: absent, or there twice
  std::optional<std::string_view> signature;
  std::string_view body;
};

// kInvalid unless {body} stands in it once, {timestamp} once at most, and no other brace.
Result<void> check_message(std::string_view message);

// kForbidden, "Invalid timestamp", "Request expired" or "Invalid signature". The time is digits
// only, in seconds. Upper-case digits of a signature are different ones.
Result<void> verify(const BodySignatureRule& rule, const SignedBody& input, std::int64_t now_unix);

// The value of the signature's header.
std::string sign(const BodySignatureRule& rule, std::string_view timestamp, std::string_view body);

}  // namespace notify
