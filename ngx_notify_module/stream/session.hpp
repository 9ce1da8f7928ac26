#pragma once

// One subscriber: what the hub delivers goes to its client, when the client's socket is
// full the hub is told to wait. See Outlet for what becomes of the request.

#include <memory>
#include <span>
#include <string_view>

#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/stream/outlet.hpp"

namespace notify {

// For logs; a literal.
std::string_view resume_text(hub::Resume resume);

class Session final : public Outlet, private hub::Sink {
 public:
  // For logs; outlive the session.
  struct Report {
    std::string_view& resume;
    std::string_view& close_reason;
  };

  // `format` outlives it.
  Session(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
          const hub::Format& format, OutChain& out, Report report);
  ~Session() override;

  // The request is parked by the caller.
  void start(std::string_view stream, const hub::Start& start);

 private:
  hub::Flow attached() override { return open(); }
  hub::Flow deliver(std::span<const BytesRef> pieces) override { return send(pieces); }
  void leave() override;
  void drained() override;
  void report_resume();

  const hub::Format& format_;
  std::string_view& resume_;
  std::unique_ptr<hub::Subscriber> subscriber_;
};

}  // namespace notify
