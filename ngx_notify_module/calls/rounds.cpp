#include "ngx_notify_module/calls/rounds.hpp"

#include <utility>

#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {

Rounds::Rounds(ngx_http_request_t* r, const LocConf& conf) : r_(r), conf_(conf) {}

void Rounds::send(std::vector<redis::Command> commands) {
  left_ = commands.size();
  pending_.clear();
  pending_.reserve(left_);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    commands[i].wait = redis::Milliseconds(*conf_.get<WaitConf>().wait);
    pending_.push_back(runtime->commands().submit(
        std::move(commands[i]),
        [this, i](const Result<redis::Reply>& reply) { receive(i, reply); }));
  }
}

void Rounds::receive(std::size_t number, const Result<redis::Reply>& reply) {
  const Result<void> outcome = read(number, reply);
  if (!outcome) {
    // The end of the request is ours, and it comes once: what is still in flight is let go.
    const auto dropped = std::exchange(pending_, {});
    finish_with(r_, [&] { return failed(outcome.error()); });
  } else if (--left_ == 0) {
    go_on();
  }
}

Result<void> Rounds::read(std::size_t number, const Result<redis::Reply>& reply) {
  if (!reply) {
    log_text(NGX_LOG_ERR, r_->connection->log, "notify: command failed: " + reply.error().message);
    return error_of(reply.error());
  }
  return take(number, *reply);
}

ngx_int_t Rounds::failed(const Error& error) { return fail(r_, error); }

void Rounds::go_on() noexcept {
  ngx_http_request_t* r = r_;
  try {
    round_over();
  } catch (...) {
    entry_detail::report(r->connection->log, "the rounds of a request");
    finish(r, NGX_ERROR);
  }
}

}  // namespace notify
