#include "ngx_notify_module/calls/ask.hpp"

#include <string>
#include <utility>

#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {

ngx_int_t ask(ngx_http_request_t* r, redis::Command command, AskNext next) {
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  command.wait = redis::Milliseconds(*loc_conf<LocConf>(r)->get<WaitConf>().wait);
  context->pending = runtime->commands().submit(
      std::move(command), [r, next = std::move(next)](const Result<redis::Reply>& reply) {
        finish_with(r, [&] {
          if (reply) {
            return next(*reply);
          }
          log_text(NGX_LOG_ERR, r->connection->log,
                   "notify: command failed: " + reply.error().message);
          return fail(r, error_of(reply.error()));
        });
      });
  return park(r);
}

ngx_int_t refused(ngx_http_request_t* r, const redis::Reply& reply) {
  log_text(NGX_LOG_ERR, r->connection->log,
           "notify: command refused: " + std::string(reply.text()));
  return fail(r, error_of(reply));
}

}  // namespace notify
