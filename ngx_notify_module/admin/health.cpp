#include "ngx_notify_module/admin/health.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/commands.hpp"

namespace notify {
namespace {

constexpr redis::Milliseconds kTimeout{1000};

ngx_int_t healthy(ngx_http_request_t* r) {
  return respond(r, NGX_HTTP_OK, kJson, "{\"status\":\"ok\"}");
}

ngx_int_t unready(ngx_http_request_t* r, std::string_view why) {
  return fail(r, Error{ErrorKind::kUnavailable, std::string(why)});
}

ngx_int_t live(ngx_http_request_t* r, const LocConf&, std::size_t) { return healthy(r); }

ngx_int_t ready(ngx_http_request_t* r, const LocConf&, std::size_t) {
  const Result<void> facts = runtime->readiness();
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  if (!facts) {
    return unready(r, facts.error().message);
  }
  redis::Command question = readiness_command();
  question.timeout = kTimeout;
  context->pending =
      runtime->commands().submit(std::move(question), [r](const Result<redis::Reply>& reply) {
        finish_with(r, [&] {
          const Result<void> writes = readiness_of(reply);
          return writes ? healthy(r) : unready(r, writes.error().message);
        });
      });
  return park(r);
}

}  // namespace

// ---- notify_health ------------------------------------------------------------------------------

Result<void> set_health(ngx_conf_t* cf, Words words, OperationsConf&) {
  if (words[0] != "live" && words[0] != "ready") {
    return bad_value(words[0]);
  }
  return add_operation(
      cf, {"notify_health", NGX_HTTP_GET | NGX_HTTP_HEAD, {words[0] == "live" ? &live : &ready}});
}

}  // namespace notify
