#include "ngx_notify_module/websocket/handshake.hpp"

#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify::websocket {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyBytes = 16;

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// A token of a comma-separated list, in any case (RFC 9110, section 5.6.1).
bool lists(std::optional<std::string_view> list, std::string_view token) {
  if (!list) {
    return false;
  }
  std::string_view rest = *list;
  for (;;) {
    const std::size_t comma = rest.find(',');
    if (iequals(trimmed(rest.substr(0, comma)), token)) {
      return true;
    }
    if (comma == std::string_view::npos) {
      return false;
    }
    rest.remove_prefix(comma + 1);
  }
}

Answer malformed(std::string_view problem) { return {Answer::Kind::kMalformed, {}, problem}; }

}  // namespace

bool wants_websocket(const Request& request) { return lists(request.upgrade, "websocket"); }

Answer answer(const Request& request) {
  if (!request.http_1_1) {
    return malformed("A WebSocket begins with a GET of HTTP/1.1");
  }
  if (!lists(request.connection, "upgrade")) {
    return malformed("A WebSocket needs the header \"Connection: Upgrade\"");
  }
  if (!request.version || trimmed(*request.version) != "13") {
    return {
        Answer::Kind::kUnknownVersion, {}, "Only version 13 of the WebSocket protocol is known"};
  }
  const std::string_view key = trimmed(request.key.value_or(""));
  const std::optional<std::string> bytes = base64_decode(key);
  if (!bytes || bytes->size() != kKeyBytes) {
    return malformed("Sec-WebSocket-Key is not 16 bytes in Base64");
  }
  return {Answer::Kind::kAccepted, base64_encode(sha1(std::string(key).append(kGuid))), {}};
}

}  // namespace notify::websocket
