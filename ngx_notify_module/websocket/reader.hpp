#pragma once

// Frames as a server reads them (RFC 6455, sections 5 and 8.1): bytes that arrive in pieces, cut
// anywhere, become messages and control frames. Pure; whoever drives it answers.
//
//   Header ──(complete, allowed)──► Payload ──(all of it)──► Header
//      └──────────────┬───────────────┘ not allowed, or a Close frame
//                     ▼
//                  Finished: nothing more is read
//
// Bounds: a message by `max_message` (said by the header of the frame that goes beyond it, before
// its payload is read), its frames by `max_frames`, a control frame by the RFC's 125 bytes.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/websocket/close_code.hpp"
#include "ngx_notify_module/websocket/frame.hpp"
#include "ngx_notify_module/websocket/utf8_stream.hpp"

namespace notify::websocket {

struct ReaderLimits {
  std::size_t max_message = std::size_t{1} << 20;  // bytes of payload
  std::size_t max_frames = 1024;                   // of one message
};

class Reader {
 public:
  struct Event {
    enum class Kind : std::uint8_t {
      kText,    // a whole message; UTF-8
      kBinary,  // a whole message
      kPing,
      kPong,
      kClose,  // `code`, and the reason as payload
      kWrong,  // not allowed: `code` to close with, and what was wrong as payload
    };
    Kind kind;
    std::string_view payload;  // until the next call
    CloseCode code = CloseCode::kNoStatus;
  };

  explicit Reader(const ReaderLimits& limits) : limits_(limits) {}

  // Takes from the front of `bytes`, to the end of what makes the next event; nullopt when they are
  // used up. After kClose and kWrong all further bytes are dropped (section 5.5.1, 7.1.7).
  std::optional<Event> next(std::string_view& bytes);

  [[nodiscard]] bool finished() const { return state_ == State::kFinished; }
  // A message or frame has begun and is not complete.
  [[nodiscard]] bool midway() const {
    return header_size_ > 0 || message_ != Opcode::kContinuation;
  }

  // Bytes that what has begun holds.
  [[nodiscard]] std::size_t held() const { return delivered_ || !midway() ? 0 : text_.capacity(); }
  // What has begun is dropped, and all that follows.
  void drop() {
    state_ = State::kFinished;
    text_ = {};
  }

 private:
  enum class State : std::uint8_t { kHeader, kPayload, kFinished };

  bool take_header(std::string_view& bytes);
  [[nodiscard]] std::size_t header_length() const;
  std::optional<Event> check_start();
  std::optional<Event> open_frame();
  std::optional<Event> take_payload(std::string_view& bytes);
  std::optional<Event> end_frame();
  Event end_close();
  Event wrong(CloseCode code, std::string_view problem);

  [[nodiscard]] Opcode opcode() const { return static_cast<Opcode>(header_[0] & 0x0f); }
  [[nodiscard]] bool fin() const { return (header_[0] & 0x80) != 0; }

  ReaderLimits limits_;
  std::array<std::uint8_t, 14> header_{};
  std::uint8_t header_size_ = 0;
  State state_ = State::kHeader;
  bool delivered_ = false;  // text_ is of an event: to be dropped
  Opcode message_ =
      Opcode::kContinuation;  // of the message that is being read; kContinuation: none
  std::uint64_t length_ = 0;  // of the frame's payload
  std::uint64_t taken_ = 0;
  std::size_t frames_ = 0;
  std::string text_;     // the message so far
  std::string control_;  // a control frame may stand between two frames of a message
  Utf8Stream utf8_;
};

}  // namespace notify::websocket
