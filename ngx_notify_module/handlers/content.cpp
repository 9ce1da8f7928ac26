#include "ngx_notify_module/handlers/content.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/handlers/body.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/handlers/path.hpp"
#include "ngx_notify_module/runtime.hpp"

namespace notify {

namespace {

constexpr std::string_view kTooLarge = "Request body is too large";

// Nothing is done by a refusal: how much comes along with what is refused only nginx limits.
bool only_refuses(const Operation& operation) { return operation.directive == "notify_return"; }

bool too_large(ngx_http_request_t* r, const LocConf& conf, const Operation& operation) {
  off_t size = std::max<off_t>(r->headers_in.content_length_n, 0);
  const ngx_chain_t* link = r->request_body == nullptr ? nullptr : r->request_body->bufs;
  off_t read = 0;
  for (; link != nullptr; link = link->next) {
    read += ngx_buf_size(link->buf);
  }
  size = std::max(size, read);
  return !only_refuses(operation) && size > static_cast<off_t>(*conf.intake.max_message);
}

// A body whose length nobody has said yet: in chunks, or HTTP/2 without content-length.
bool has_unmeasured_body(ngx_http_request_t* r) {
  const auto* core =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  return r == r->main && r->headers_in.chunked && r->request_body == nullptr && !r->discard_body &&
         core->client_max_body_size > 0;
}

ngx_int_t run(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  const Operation& operation = *conf.operations.find(r->method);
  return too_large(r, conf, operation) ? fail(r, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, kTooLarge)
                                       : operation.run(r, conf, operation.index);
}

// nginx took a reference on the request for this call.
void on_body(ngx_http_request_t* r) noexcept { ngx_http_finalize_request(r, entry<&run>(r)); }

}  // namespace

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
  if (!content_type_matches(r, conf.content_type)) {
    return refuse_content_type(r, conf.content_type);
  }
  if (!has_unmeasured_body(r)) {
    return run(r);
  }
  // A limit does not depend on how a body is framed, and counts before anything is done: so it is
  // read first, also where nobody wants it.
  return read_body(r, on_body);
}

ngx_int_t refuse_method(ngx_http_request_t* r) {
  const std::string allow = loc_conf<LocConf>(r)->operations.allow();
  const Header headers[] = {{"Allow", allow}};
  return fail(r, NGX_HTTP_NOT_ALLOWED, "Method Not Allowed", headers);
}

}  // namespace notify
