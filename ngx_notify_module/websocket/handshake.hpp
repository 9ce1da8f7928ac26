#pragma once

// The opening handshake as a server sees it (RFC 6455, section 4.2), on the headers that it is
// given. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace notify::websocket {

struct Request {
  // Values of the headers; of those that came more than once, joined by a comma.
  std::optional<std::string_view> upgrade;
  std::optional<std::string_view> connection;
  std::optional<std::string_view> version;
  std::optional<std::string_view> key;
  bool http_1_1 = false;
};

// Somebody who asks for a WebSocket: `websocket` is among the protocols of Upgrade. What else is
// wrong with the request is for answer() to say.
[[nodiscard]] bool wants_websocket(const Request& request);

struct Answer {
  enum class Kind {
    kAccepted,        // 101, with `accept` as Sec-WebSocket-Accept
    kMalformed,       // 400
    kUnknownVersion,  // 426, with Sec-WebSocket-Version: 13
  };
  Kind kind = Kind::kMalformed;
  std::string accept;
  std::string_view problem;  // for people, where it is not accepted
};

[[nodiscard]] Answer answer(const Request& request);

}  // namespace notify::websocket
