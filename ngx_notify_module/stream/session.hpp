#pragma once

// One client that stays: a request that is answered for as long as it lasts. What the hub delivers
// goes through nginx's filters to its socket; when that is full the hub is told to wait.
//
//   Waiting ──(attached, or kHeadDelay is over)──► Streaming ⇄ Blocked
//      └─────────────────────────┬────────────────────┴──────────┘  the socket
//                                ▼  error, slow client, drain
//                             Closing ──(in the next turn)──► Ended ──(all is sent)──► destroyed
//
//   any ──(the client leaves: nginx ends the request)──► destroyed
//
// Nothing is finalized from inside the hub: a session that is to be closed leaves the hub and is
// put on a list, which is worked off in a turn of its own.

#include <memory>
#include <span>
#include <string_view>

#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/hub/wheel.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"
#include "ngx_notify_module/stream/out_chain.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"

namespace notify {

class Sessions;

// The head of a stream: 200, never cached, buffered or compressed on its way.
ngx_int_t send_stream_head(ngx_http_request_t* r);

struct SessionTag;  // all sessions of the worker
struct ClosingTag;  // those to be ended in the next turn

class Session final : private hub::Sink,
                      public hub::Wheel::Member,
                      public hub::Hook<SessionTag>,
                      public hub::Hook<ClosingTag> {
 public:
  // For logs; outlive the session.
  struct Report {
    std::string_view& resume;
    std::string_view& close_reason;
  };
  enum class CloseReason { kClient, kSlow, kError, kDrain };

  Session(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf, OutChain& out,
          Report report);
  ~Session() override;  // from the request's http cleanup

  // The request is parked by the caller.
  void start(std::string_view stream, const hub::Start& start);
  // The request's write event handler.
  void on_writable();

  // --- for Sessions ---
  // In a turn of its own: ends the request, and with it this object, now or when the last bytes are
  // sent. Then runs what it set free on its connection.
  void end();
  // Closes it in an orderly way, if the socket takes the last frame now.
  [[nodiscard]] bool end_with_retry(std::uint64_t retry_ms);
  void cut();                                    // the time is over
  [[nodiscard]] std::uint64_t retry_ms() const;  // as configured

 private:
  enum class State : std::uint8_t { kWaiting, kStreaming, kBlocked, kClosing, kEnded };

  hub::Flow attached() override;
  hub::Flow deliver(std::span<const hub::BytesRef> pieces) override;
  void on_due(std::uint64_t now_ms) override;

  [[nodiscard]] bool send_head();
  [[nodiscard]] hub::Flow flush_head();
  [[nodiscard]] hub::Flow send(std::span<const hub::BytesRef> pieces);
  [[nodiscard]] hub::Flow settle(ngx_int_t outcome);
  void block();
  void close(CloseReason reason, ngx_int_t outcome);
  void report_resume();
  void finalize(ngx_int_t outcome);

  Sessions& sessions_;
  ngx_http_request_t* r_;
  const SubscribeConf& conf_;
  OutChain& out_;  // the pool's
  Report report_;
  std::unique_ptr<hub::Subscriber> subscriber_;
  ngx_int_t outcome_ = NGX_OK;  // Closing: what the request is finalized with
  std::uint64_t next_beat_ms_;
  State state_ = State::kWaiting;
  bool head_sent_ = false;
};

}  // namespace notify
