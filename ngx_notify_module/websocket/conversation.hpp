#pragma once

// One WebSocket, from its first frame to its last, without a socket (RFC 6455, sections 5.5 and 7).
// Pure: told what came and what time it is, says what is to be sent and when it is over.
//
//   Open ──(close(): we wish to end)──► Closing ──(the peer's Close, or kCloseWait is over)──► Over
//     ├──(the peer's Close: answered with its code)─────────────────────────────────────────► Over
//     ├──(a frame that is not allowed: a Close says which rule)─────────────────────────────► Over
//     └──(a ping without an answer for `pong_ms`, a message that takes `message_ms`)────────► Over
//
// While Closing, messages are dropped and pings are answered no more: after our Close nothing may
// follow. Over: what `outbox` holds is sent, then the connection is closed.
//
// Answers never pile up: of several pings one pong is owed, to the latest (section 5.5.3 allows
// it), and it is written when the driver asks for it, once its socket takes bytes.

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/websocket/reader.hpp"

namespace notify::websocket {

struct Times {
  std::uint64_t ping_ms = 30'000;     // between pings; 0: none
  std::uint64_t pong_ms = 10'000;     // how long the answer may take
  std::uint64_t close_ms = 5'000;     // how long the peer's Close may take
  std::uint64_t message_ms = 30'000;  // from a message's first byte to its last
};

class Conversation {
 public:
  enum class State : std::uint8_t { kOpen, kClosing, kOver };

  // A message of the client. It may call close(). False: for now no further one is to come.
  class Listener {
   public:
    virtual bool on_message(bool is_text, std::string_view payload) = 0;

   protected:
    ~Listener() = default;
  };

  Conversation(const ReaderLimits& limits, const Times& times, std::uint64_t now_ms)
      : reader_(limits),
        times_(times),
        due_ms_(times.ping_ms == 0 ? kNever : now_ms + times.ping_ms) {}

  // Takes from the front of `bytes`. What the listener leaves there comes again with the next call.
  void receive(std::string_view& bytes, std::uint64_t now_ms, Listener& listener);
  // Begins to close; nothing if that has begun already.
  void close(CloseCode code, std::string_view reason, std::uint64_t now_ms);
  // Ends it at once, and drops what has come of a message.
  void give_up(CloseCode code, std::string_view reason);
  // Bytes that a message which is not complete holds.
  [[nodiscard]] std::size_t unfinished() const { return reader_.held(); }
  // To be called at due_ms() or later.
  void on_time(std::uint64_t now_ms);

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] std::uint64_t due_ms() const {
    return std::min(due_ms_, whole_ms_);
  }  // kNever: not
  // Control frames to be sent before anything else; empty: none. They are taken away.
  [[nodiscard]] std::string take_outbox();

  // How it ended, or is about to: the code that was sent or came first.
  [[nodiscard]] CloseCode code() const { return code_; }
  // The peer did something that is not allowed, or did not answer: what, for logs. Else empty.
  [[nodiscard]] std::string_view problem() const { return problem_; }

  static constexpr std::uint64_t kNever = UINT64_MAX;

 private:
  // False: the listener wants no more.
  bool on_event(const Reader::Event& event, std::uint64_t now_ms, Listener& listener);
  void end(CloseCode code, std::string_view reason);
  void expect_whole(std::uint64_t now_ms);

  Reader reader_;
  Times times_;
  std::uint64_t due_ms_;
  std::uint64_t whole_ms_ = kNever;  // when the message that has begun is to be complete
  std::optional<std::string> pong_;  // owed
  std::string close_;                // our Close frame, not yet taken
  bool ping_owed_ = false;
  bool awaits_pong_ = false;
  State state_ = State::kOpen;
  CloseCode code_ = CloseCode::kNoStatus;
  std::string_view problem_;
};

}  // namespace notify::websocket
