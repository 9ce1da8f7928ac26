#pragma once

// A client that speaks WebSocket: the switch of protocols, and what the client sends. What is sent
// to it leaves by its outlet, which owns this.
//
// Reading pauses while a message of the client is being published, and while it has sent more than
// its rate allows. What was read beyond it (one buffer at most) waits here, the rest in the socket.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"
#include "ngx_notify_module/stream/receiver.hpp"
#include "ngx_notify_module/websocket/conversation.hpp"
#include "ngx_notify_module/websocket/unfinished.hpp"

namespace notify {

class WebSocket final : private websocket::Conversation::Listener,
                        private websocket::Unfinished::Seat {
 public:
  struct Options {
    std::string accept;    // the answer to the client's key
    std::string protocol;  // that both speak; empty: none was named
    websocket::ReaderLimits limits;
    websocket::Times times;
    std::unique_ptr<Receiver> receiver;           // null: messages are not taken
    websocket::Unfinished* unfinished = nullptr;  // of all; outlives this
  };

  enum class Fault : std::uint8_t {
    kNone,
    kRefused,  // the client sent what is not taken here
    kFailed,   // a message could not be published
  };

  WebSocket(ngx_http_request_t* r, Options options);
  ~WebSocket() override;
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  // 101; from here on the client may speak.
  ngx_int_t send_head();

  // Takes what came. False: the client is gone.
  [[nodiscard]] bool read(std::uint64_t now_ms);
  void on_time(std::uint64_t now_ms);
  void close(websocket::CloseCode code, std::string_view reason, std::uint64_t now_ms);

  [[nodiscard]] bool open() const { return talk_.state() == State::kOpen; }
  [[nodiscard]] bool over() const { return talk_.state() == State::kOver; }  // both said Close
  [[nodiscard]] std::uint64_t due_ms() const { return talk_.due_ms(); }
  // What is owed, an echo and control frames; it is taken away.
  [[nodiscard]] std::string take_outbox();
  // What the client did wrong; empty: nothing.
  [[nodiscard]] std::string_view problem() const { return talk_.problem(); }
  // Why it was closed, if that is so.
  [[nodiscard]] Fault fault() const { return fault_; }
  // A message is being published.
  [[nodiscard]] bool busy() const { return receiver_ != nullptr && receiver_->busy(); }

 private:
  using State = websocket::Conversation::State;

  bool on_message(bool is_text, std::string_view payload) override;
  void make_room() override;
  bool read_socket();
  void feed(std::string_view bytes);
  bool refuse(std::string_view why);
  void settle();
  // Not to be read now.
  [[nodiscard]] bool held() const;
  void wait_for_rate();

  ngx_http_request_t* r_;
  std::string accept_;
  std::string protocol_;
  websocket::Conversation talk_;
  std::unique_ptr<Receiver> receiver_;
  websocket::Unfinished& unfinished_;
  std::unique_ptr<EventTimer> rate_timer_;  // once it was needed
  std::string unread_;
  std::uint64_t now_ms_;
  Fault fault_ = Fault::kNone;
};

}  // namespace notify
