#pragma once

// One client of an inbox: first what its consumer has not acknowledged, page by page as the socket
// drains, then the stream as it goes on. See Outlet for what becomes of the request.
//
//   Reading ⇄ Sending ──(nothing is left)──► Live: a subscriber that begins behind the last page
//      └─(Redis is away, or refuses)─► Waiting ─(kRetry)─► Reading
//
// What comes live is not given out to the consumer; that happens when it is acknowledged, or with
// the pages of the next connection. So all clients of a consumer get everything, and one
// acknowledgement is enough.

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/stream/outlet.hpp"
#include "ngx_notify_module/transport/inbox_commands.hpp"

namespace notify {

class InboxSession final : public Outlet, private hub::Sink {
 public:
  // For logs; outlive the session.
  struct Report {
    std::string_view& resume;
    std::string_view& close_reason;
  };

  // `format` and `commands` outlive it.
  InboxSession(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
               const hub::Format& format, OutChain& out, redis::Client& commands, Report report);
  ~InboxSession() override = default;

  // The request is parked by the caller. The names outlive the session.
  void start(const InboxName& inbox);

 private:
  hub::Flow attached() override { return over() ? hub::Flow::kClosed : hub::Flow::kOpen; }
  hub::Flow deliver(std::span<const BytesRef> pieces) override { return send(pieces); }
  void leave() override;
  void drained() override;

  void read();
  void failed(std::string_view why);
  void on_page(const InboxPage& page);
  void go_on();

  const hub::Format& format_;
  redis::Client& commands_;
  std::string_view& resume_;
  InboxName inbox_;
  EntryId cursor_;
  std::optional<EntryId> end_;  // of the pages: where the subscriber begins
  redis::Pending pending_;
  bool reading_ = false;
  bool opened_ = false;
  bool complained_ = false;
  std::unique_ptr<EventTimer> retry_;
  std::unique_ptr<hub::Subscriber> subscriber_;
};

}  // namespace notify
