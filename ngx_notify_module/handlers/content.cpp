#include "ngx_notify_module/handlers/content.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/handlers/path.hpp"
#include "ngx_notify_module/runtime.hpp"

namespace notify {

ngx_int_t serve(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  const Operation* operation = conf.operations.find(r->method);
  if (runtime == nullptr) {
    // A reload without worker processes has brought the first operation.
    return fail(r, Error{ErrorKind::kUnavailable, "Service Unavailable"});
  }
  if (!path_matches(r)) {
    return refuse_path(r);
  }
  // The access phase has asked already, but nginx skips it for subrequests.
  if (operation == nullptr) {
    return refuse_method(r);
  }
  const Context* context = find_context(r);
  for (const std::string& name : operation->claims) {
    if (context == nullptr || !context->claims || !context->claims->names(name)) {
      return fail(r, Error{ErrorKind::kForbidden, "The token has no claim \"" + name + "\""});
    }
  }
  return operation->run(r, conf, operation->index);
}

ngx_int_t refuse_method(ngx_http_request_t* r) {
  const std::string allow = loc_conf<LocConf>(r)->operations.allow();
  const Header headers[] = {{"Allow", allow}};
  return fail(r, NGX_HTTP_NOT_ALLOWED, "Method Not Allowed", headers);
}

}  // namespace notify
