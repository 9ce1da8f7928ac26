#include "ngx_notify_module/websocket/frame.hpp"

#include "shared/base/utf8.hpp"

namespace notify::websocket {
namespace {

constexpr unsigned kFin = 0x80;

void append_number(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned shift = bytes * 8; shift > 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> (shift - 8)));
  }
}

std::string_view fitting(std::string_view text, std::size_t limit) {
  std::size_t length = 0;
  while (length < text.size()) {
    const Utf8Step step = utf8_step(text.substr(length));
    if (!step.valid || length + step.length > limit) {
      break;
    }
    length += step.length;
  }
  return text.substr(0, length);
}

}  // namespace

void append_head(std::string& out, Opcode opcode, std::size_t size) {
  out.push_back(static_cast<char>(kFin | static_cast<unsigned>(opcode)));
  if (size < 126) {
    append_number(out, size, 1);
  } else if (size <= 0xffff) {
    append_number(out, 126, 1);
    append_number(out, size, 2);
  } else {
    append_number(out, 127, 1);
    append_number(out, size, 8);
  }
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  append_head(out, opcode, payload.size());
  out.append(payload);
}

std::string frame(Opcode opcode, std::string_view payload) {
  std::string out;
  out.reserve(payload.size() + 10);
  append_frame(out, opcode, payload);
  return out;
}

std::string close_frame(CloseCode code, std::string_view reason) {
  std::string payload;
  if (code != CloseCode::kNoStatus) {
    append_number(payload, static_cast<std::uint16_t>(code), 2);
    payload.append(fitting(reason, kMaxControl - 2));
  }
  return frame(Opcode::kClose, payload);
}

}  // namespace notify::websocket
