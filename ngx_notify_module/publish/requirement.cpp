#include "ngx_notify_module/publish/requirement.hpp"

#include <utility>

#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/publish/published.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {
namespace {

ngx_int_t answered(ngx_http_request_t* r, const PublishConf::Requirement& requirement,
                   const Result<redis::Reply>& reply) {
  if (!reply) {
    log_text(NGX_LOG_ERR, r->connection->log,
             "notify: the required key was not looked up: " + reply.error().message);
    Error error = reply.error();
    error.kind = ErrorKind::kUnavailable;  // nothing was done
    return fail_publish(r, error_of(error));
  }
  if (reply->is_error()) {
    log_text(NGX_LOG_ERR, r->connection->log,
             "notify: looking up the required key was refused: " + std::string(reply->text()));
    return fail_publish(r, error_of(*reply));
  }
  if (reply->integer().value_or(0) == 0) {
    return fail(r, requirement.status, requirement.text);
  }
  return next_step(r);
}

}  // namespace

ngx_int_t require(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const std::optional<PublishConf::Requirement>& requirement = conf.get<PublishConf>().requirement;
  if (!requirement) {
    return next_step(r);
  }
  const std::optional<std::string_view> key = evaluate(r, requirement->key);
  if (!key) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  if (!check_parts(r, requirement->key)) {
    return fail(r, requirement->status, requirement->text);
  }
  redis::Command command;
  command.arguments = {"EXISTS", std::string(*key)};
  command.repeat = redis::Repeat::kSafe;
  command.wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
  find_context(r)->pending = runtime->commands().submit(
      std::move(command), [r, &requirement](const Result<redis::Reply>& reply) {
        finish_with(r, [&] { return answered(r, *requirement, reply); });
      });
  return park(r);
}

}  // namespace notify
