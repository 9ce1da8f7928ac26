#pragma once

// One consumer of a work queue over SSE. It has no head before its name is its own, so that it can
// still be refused by a status. See Outlet for what becomes of the request.

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "ngx_notify_module/queue/queues.hpp"
#include "ngx_notify_module/stream/outlet.hpp"

namespace notify {

class ConsumerSession final : public Outlet, private queue::Sink {
 public:
  // Answers a request instead of a stream; what it returns is for nginx's finalizing.
  using Refuse = ngx_int_t (*)(ngx_http_request_t* r, const Error& error);

  ConsumerSession(Sessions& sessions, ngx_http_request_t* r, const SubscribeConf& conf,
                  OutChain& out, std::string_view& close_reason, Refuse refuse);
  ~ConsumerSession() override = default;

  // The request is parked by the caller. `name` outlives the session.
  void start(const queue::Name& name, queue::Consumer::Options options);

 private:
  hub::Flow joined() override { return open(); }
  hub::Flow deliver(std::span<const Entry> entries) override;
  void ended(queue::End why, const Error* error) override;
  void leave() override { consumer_.reset(); }
  void drained() override;
  ngx_int_t outcome() override;

  const hub::Format& format_;
  const Refuse refuse_;
  queue::Name name_;
  std::unique_ptr<queue::Consumer> consumer_;
  std::optional<Error> refusal_;
  bool complete_ = false;  // it ends in order
};

}  // namespace notify
