#include "shared/auth/body_signature.hpp"

#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

constexpr std::string_view kTime = "{timestamp}";
constexpr std::string_view kBody = "{body}";

Error forbidden(std::string message) { return {ErrorKind::kForbidden, std::move(message)}; }

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
    ++found;
  }
  return found;
}

}  // namespace

bool BodySignatureRule::uses_time() const {
  return window.count() > 0 || message.find(kTime) != message.npos;
}

Result<void> check_message(std::string_view message) {
  const auto bodies = count(message, kBody);
  const auto times = count(message, kTime);
  if (bodies != 1 || times > 1 || count(message, "{") != bodies + times ||
      count(message, "}") != bodies + times) {
    return invalid("needs {body} once, and {timestamp} once at most");
  }
  return {};
}

std::string sign(const BodySignatureRule& rule, std::string_view timestamp, std::string_view body) {
  std::string text;
  text.reserve(rule.message.size() + timestamp.size() + body.size());
  std::string_view left = rule.message;
  while (!left.empty()) {
    if (left.starts_with(kTime)) {
      text += timestamp;
      left.remove_prefix(kTime.size());
    } else if (left.starts_with(kBody)) {
      text += body;
      left.remove_prefix(kBody.size());
    } else {
      text += left.front();
      left.remove_prefix(1);
    }
  }
  return rule.prefix + hex(hmac_sha256(rule.secret, text));
}

Result<void> verify(const BodySignatureRule& rule, const SignedBody& input, std::int64_t now_unix) {
  if (rule.secret.empty() || !input.signature) {
    return forbidden("Invalid signature");
  }
  if (rule.uses_time()) {
    const auto at = input.timestamp ? parse_u64(*input.timestamp) : std::nullopt;
    if (!at) {
      return forbidden("Invalid timestamp");
    }
    const auto now = static_cast<std::uint64_t>(now_unix);
    const auto distance = *at < now ? now - *at : *at - now;
    if (rule.window.count() > 0 && distance > static_cast<std::uint64_t>(rule.window.count())) {
      return forbidden("Request expired");
    }
  }
  if (!equal_constant_time(*input.signature,
                           sign(rule, input.timestamp.value_or(""), input.body))) {
    return forbidden("Invalid signature");
  }
  return {};
}

}  // namespace notify
