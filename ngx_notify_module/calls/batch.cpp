#include "ngx_notify_module/calls/batch.hpp"

#include <utility>

#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {
namespace {

// Owned by the request's context: gone, with the handles of what is in flight, when the request is.
class Batch final : public Attachment {
 public:
  Batch(ngx_http_request_t* r, std::size_t size, BatchStep step, BatchDone done)
      : r_(r), left_(size), texts_(size), step_(std::move(step)), done_(std::move(done)) {}

  void send(std::vector<redis::Command> commands) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      pending_.push_back(runtime->commands().submit(
          std::move(commands[i]),
          [this, i](const Result<redis::Reply>& reply) { take(i, reply); }));
    }
  }

 private:
  void take(std::size_t number, const Result<redis::Reply>& reply) {
    const Result<std::string> text = read(number, reply);
    if (text) {
      texts_[number] = *text;
      if (--left_ > 0) {
        return;
      }
    }
    // The end of the request is ours, and it comes once: what is still in flight is let go.
    const auto dropped = std::exchange(pending_, {});
    finish_with(r_, [&] { return text ? done_(texts_) : fail(r_, text.error()); });
  }

  Result<std::string> read(std::size_t number, const Result<redis::Reply>& reply) {
    if (!reply) {
      log_text(NGX_LOG_ERR, r_->connection->log,
               "notify: command failed: " + reply.error().message);
      return error_of(reply.error());
    }
    if (reply->is_error()) {
      log_text(NGX_LOG_ERR, r_->connection->log,
               "notify: command refused: " + std::string(reply->text()));
      return error_of(*reply);
    }
    return step_(number, *reply);
  }

  ngx_http_request_t* r_;
  std::size_t left_;
  std::vector<std::string> texts_;
  std::vector<redis::Pending> pending_;
  BatchStep step_;
  BatchDone done_;
};

}  // namespace

ngx_int_t run_batch(ngx_http_request_t* r, std::vector<redis::Command> commands, BatchStep step,
                    BatchDone done) {
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  auto batch = std::make_unique<Batch>(r, commands.size(), std::move(step), std::move(done));
  batch->send(std::move(commands));
  context->attachment = std::move(batch);
  return park(r);
}

}  // namespace notify
