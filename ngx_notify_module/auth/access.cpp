#include "ngx_notify_module/auth/access.hpp"

#include "ngx_notify_module/auth/methods.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/content.hpp"
#include "ngx_notify_module/handlers/context.hpp"

namespace notify {
namespace {

// Ends the request from inside a phase: nothing else may look at it.
ngx_int_t end(ngx_http_request_t* r, ngx_int_t outcome) {
  ngx_http_finalize_request(r, outcome);
  return NGX_DONE;
}

ngx_int_t refuse(ngx_http_request_t* r, const AuthConf& auth, const Error& error) {
  const auto* core =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  if (core->satisfy == NGX_HTTP_SATISFY_ANY) {
    // Another module may know better: nginx goes on, and answers itself if none does.
    return error.kind == ErrorKind::kUnauthorized ? NGX_HTTP_UNAUTHORIZED : NGX_HTTP_FORBIDDEN;
  }
  if (error.kind == ErrorKind::kUnauthorized && auth.jwt) {
    const Header headers[] = {{"WWW-Authenticate", "Bearer"}};
    return end(r, fail(r, NGX_HTTP_UNAUTHORIZED, error.message, headers));
  }
  return end(r, fail(r, error));
}

}  // namespace

ngx_int_t check_access(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  if (r->content_handler == kContentHandler && conf.operations.find(r->method) == nullptr) {
    return end(r, refuse_method(r));
  }
  // Like nginx's own, our authentication guards any location that it is set for.
  if (conf.auth.methods->empty()) {
    return NGX_DECLINED;
  }
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  std::optional<Error> first;
  for (const AuthMethod method : *conf.auth.methods) {
    const Result<void> outcome = authenticate(r, method, conf.auth, *context);
    if (outcome) {
      return NGX_OK;
    }
    if (!first) {
      first = outcome.error();
    }
  }
  return refuse(r, conf.auth, *first);
}

}  // namespace notify
