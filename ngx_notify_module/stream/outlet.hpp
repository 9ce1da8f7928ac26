#pragma once

// The way to one client that stays: a request that is answered for as long as it lasts. What its
// feed (a subscription, a place in a work queue) has for it goes through nginx's filters to its
// socket; when that is full the feed is told to wait.
//
//   Waiting ──(the feed begins, or the head is due)──► Streaming ⇄ Blocked
//      └─────────────────────────┬────────────────────────┴──────────┘  the socket
//                                ▼  error, slow client, the feed's end, a token's end
//                             Closing ──(in the next turn)──► Ended ──(all is sent)──► destroyed
//                                ▲
//   of a WebSocket:              └─(the client's Close has come, too; or its time is over)
//     Waiting, Streaming, Blocked ──(either side says Close)──► Parting
//
//   any ──(the client leaves: nginx ends the request)──► destroyed
//
// It speaks server-sent events, or is given a WebSocket.
//
// Nothing is finalized from inside of a feed: an outlet that is to be closed leaves it and is put
// on a list, which is worked off in a turn of its own.

#include <memory>
#include <span>
#include <string_view>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/base/wheel.hpp"
#include "ngx_notify_module/hub/sink.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"
#include "ngx_notify_module/stream/out_chain.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/stream/web_socket.hpp"

namespace notify {

class Sessions;

// The head of a stream: 200, never cached, buffered or compressed on its way.
ngx_int_t send_stream_head(ngx_http_request_t* r);

struct SessionTag;  // all outlets of the worker
struct ClosingTag;  // those to be ended in the next turn

class Outlet : public Hook<SessionTag>, public Hook<ClosingTag>, Wheel::Member {
 public:
  enum class CloseReason {
    kClient,
    kSlow,
    kError,
    kDrain,
    kExpired,
    kHeld,
    kRefused,
    kGroupLost,
    kLeaseLost,
    kProtocol,
    kSilent
  };

  ~Outlet() override;  // from the request's http cleanup

  // The request's event handlers; that for reading only of a WebSocket.
  void on_writable();
  void on_readable();

  // The client speaks that. Before the feed begins.
  void speak(std::unique_ptr<WebSocket> socket) { socket_ = std::move(socket); }

  // Whoever it is may stay so long: then an event says that it is over, and the response ends. A
  // client that takes nothing at that time is cut. Before the feed begins.
  void expire_in(std::uint64_t ms);
  // The same at once, because of the key that it came in with. At any time but inside of a feed.
  void revoke();

  // --- for Sessions ---
  // In a turn of its own: ends the request, and with it this object, now or when the last bytes are
  // sent. Then runs what it set free on its connection.
  void end();
  // Closes it in an orderly way, if the socket takes the last frame now. A WebSocket parts, unless
  // a message of its client is being published.
  [[nodiscard]] bool end_with_retry(std::uint64_t retry_ms);
  void cut();                                    // the time is over
  [[nodiscard]] std::uint64_t retry_ms() const;  // as configured

 protected:
  enum class State : std::uint8_t { kWaiting, kStreaming, kBlocked, kParting, kClosing, kEnded };

  // `close_reason` is for logs, and outlives it.
  Outlet(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf, OutChain& out,
         std::string_view& close_reason);

  // --- of the feed ---
  virtual void leave() = 0;    // it is over: nothing is sent any more
  virtual void drained() = 0;  // the socket took everything: go on
  // What the request is finalized with; by default what close() was given.
  virtual ngx_int_t outcome() { return outcome_; }

  // The request is parked; `head_delay_ms` later it gets its head, if the feed has not begun.
  void begin();
  void begin(std::uint64_t head_delay_ms);

  [[nodiscard]] hub::Flow open();  // the feed begins: head and first frame
  [[nodiscard]] hub::Flow send(std::span<const BytesRef> pieces);
  void close(CloseReason reason, ngx_int_t outcome);
  // Ends the response as one that is complete; without the head if that was not sent.
  [[nodiscard]] ngx_int_t complete(std::span<const BytesRef> pieces);

  [[nodiscard]] bool over() const { return state_ == State::kParting || ending(); }
  [[nodiscard]] bool blocked() const { return state_ == State::kBlocked; }
  [[nodiscard]] Sessions& sessions() { return sessions_; }
  [[nodiscard]] ngx_http_request_t* request() { return r_; }

 private:
  [[nodiscard]] bool ending() const { return state_ == State::kClosing || state_ == State::kEnded; }
  void on_due(std::uint64_t now_ms) override;
  void wait_until(std::uint64_t due_ms);
  [[nodiscard]] std::uint64_t next_beat() const;
  void expire();
  [[nodiscard]] bool send_head();
  [[nodiscard]] hub::Flow flush_head();
  [[nodiscard]] hub::Flow pass(std::span<const BytesRef> pieces);
  [[nodiscard]] hub::Flow settle(ngx_int_t outcome);
  void block();
  [[nodiscard]] bool wait_writable();
  void forget_writable();
  void converse(CloseReason why_over);
  [[nodiscard]] hub::Flow say();
  void part(CloseReason reason);
  void go_on_parting();
  void stop(CloseReason reason);
  void finalize(ngx_int_t outcome);

  static constexpr std::uint64_t kNever = ~std::uint64_t{0};

  Sessions& sessions_;
  ngx_http_request_t* r_;
  const SubscribeConf& conf_;
  OutChain& out_;  // the pool's
  std::string_view& close_reason_;
  std::unique_ptr<WebSocket> socket_;  // null: server-sent events
  ngx_int_t outcome_ = NGX_OK;         // Closing: what the request is finalized with
  std::uint64_t next_beat_ms_;
  std::uint64_t expires_ms_ = kNever;
  State state_ = State::kWaiting;
  bool head_sent_ = false;
  bool spoke_ = false;  // the feed has sent something
  bool revoked_ = false;
};

}  // namespace notify
