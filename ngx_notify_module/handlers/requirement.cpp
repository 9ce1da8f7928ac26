#include "ngx_notify_module/handlers/requirement.hpp"

#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/handlers/published.hpp"
#include "ngx_notify_module/handlers/values.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {
namespace {

// What follows the answer.
struct After {
  const LocConf& conf;
  std::size_t index;
  std::string_view failure;
  OperationHandler next;
};

ngx_int_t go_on(ngx_http_request_t* r, const After& after, const Result<redis::Reply>& reply) {
  if (!reply) {
    log_text(NGX_LOG_ERR, r->connection->log,
             "notify: the required key was not looked up: " + reply.error().message);
    Error error = reply.error();
    error.kind = ErrorKind::kUnavailable;  // nothing was done
    return fail_publish(r, after.failure, error_of(error));
  }
  if (reply->is_error()) {
    log_text(NGX_LOG_ERR, r->connection->log,
             "notify: looking up the required key was refused: " + std::string(reply->text()));
    return fail_publish(r, after.failure, error_of(*reply));
  }
  if (reply->integer().value_or(0) == 0) {
    const PublishConf::Requirement& requirement = *after.conf.publish.requirement;
    return fail(r, requirement.status, requirement.text);
  }
  return after.next(r, after.conf, after.index);
}

}  // namespace

ngx_int_t look_up_required(ngx_http_request_t* r, const LocConf& conf, std::size_t index,
                           std::string_view failure, OperationHandler next) {
  if (!conf.publish.requirement) {
    return next(r, conf, index);
  }
  const std::optional<std::string_view> key = evaluate(r, conf.publish.requirement->key);
  if (!key) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  if (!check_parts(r, conf.publish.requirement->key)) {
    return fail(r, conf.publish.requirement->status, conf.publish.requirement->text);
  }
  redis::Command command;
  command.arguments = {"EXISTS", std::string(*key)};
  command.repeat = redis::Repeat::kSafe;
  command.wait = redis::Milliseconds(*conf.redis_wait);
  find_context(r)->pending = runtime->commands().submit(
      std::move(command),
      [r, after = After{conf, index, failure, next}](const Result<redis::Reply>& reply) {
        finish_with(r, [&] { return go_on(r, after, reply); });
      });
  return park(r);
}

}  // namespace notify
