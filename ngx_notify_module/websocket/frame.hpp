#pragma once

// Frames as a server writes them (RFC 6455, section 5): whole messages, not masked. Pure.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "ngx_notify_module/websocket/close_code.hpp"

namespace notify::websocket {

enum class Opcode : std::uint8_t {
  kContinuation = 0x0,
  kText = 0x1,
  kBinary = 0x2,
  kClose = 0x8,
  kPing = 0x9,
  kPong = 0xa,
};

[[nodiscard]] constexpr bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 0x8) != 0;
}

// What a control frame may carry (section 5.5).
inline constexpr std::size_t kMaxControl = 125;

// What stands before a payload of that size; the length is written in its shortest form.
void append_head(std::string& out, Opcode opcode, std::size_t size);

// A control frame's payload is kMaxControl at most.
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
std::string frame(Opcode opcode, std::string_view payload);

// `reason` is UTF-8; what does not fit is left out, at a character's end. kNoStatus has no payload.
std::string close_frame(CloseCode code, std::string_view reason);

}  // namespace notify::websocket
