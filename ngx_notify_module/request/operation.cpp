#include "ngx_notify_module/request/operation.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/request/body.hpp"
#include "ngx_notify_module/request/content_type.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/path.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"

namespace notify {
namespace {

struct Method {
  std::string_view name;
  ngx_uint_t bit;
};

// Those that an operation may be given to.
constexpr std::array kMethods{
    Method{"GET", NGX_HTTP_GET},         Method{"HEAD", NGX_HTTP_HEAD},
    Method{"POST", NGX_HTTP_POST},       Method{"PUT", NGX_HTTP_PUT},
    Method{"PATCH", NGX_HTTP_PATCH},     Method{"DELETE", NGX_HTTP_DELETE},
    Method{"OPTIONS", NGX_HTTP_OPTIONS},
};

// Of the templates of an operation's own directive.
std::vector<std::string> claims_of(const Operation& operation, const LocConf& conf) {
  std::vector<std::string> claims;
  for (const WrittenTemplate& each : conf.templates) {
    if (each.directive == operation.directive && !operation.only_refuses) {  // for people
      const std::vector<std::string_view> names = names_in(*each.value, "notify_claim_");
      claims.insert(claims.end(), names.begin(), names.end());
    }
  }
  return claims;
}

}  // namespace

bool Operation::has(OperationStep step) const {
  return std::find(steps.begin(), steps.end(), step) != steps.end();
}

const Operation* OperationsConf::find(ngx_uint_t method) const {
  const Operation* any = nullptr;
  for (const Operation& operation : all) {
    if (operation.methods == kAnyMethod) {
      any = &operation;
    } else if ((operation.methods & method) != 0) {
      return &operation;
    }
  }
  return any;
}

std::string OperationsConf::allow() const {
  std::string names;
  for (const Method& method : kMethods) {
    const Operation* operation = find(method.bit);
    if (operation != nullptr && operation->methods != kAnyMethod) {
      names.append(names.empty() ? "" : ", ").append(method.name);
    }
  }
  return names;
}

Result<void> OperationsConf::merge(const MergeScope& scope, const OperationsConf& parent) {
  auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(scope.cf, ngx_http_core_module));
  if (!all.empty() && core->handler != kContentHandler) {
    return invalid("\"" + std::string(all[0].directive) + "\" conflicts with another handler");
  }
  for (Operation& each : all) {
    each.claims = claims_of(each, *scope.conf);
  }
  // As proxy_pass does it. An `if` block keeps the handler that its location has; limit_except must
  // be given it.
  if (scope.same_location) {
    all = parent.all;
    if (core->lmt_excpt && core->handler == nullptr && !all.empty()) {
      core->handler = kContentHandler;
    }
  }
  return {};
}

Result<void> add_operation(ngx_conf_t* cf, Operation operation) {
  auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  if (core->handler != nullptr && core->handler != kContentHandler) {
    return invalid("conflicts with another handler of the location");
  }
  std::vector<Operation>& all = loc_conf<LocConf>(cf)->get<OperationsConf>().all;
  for (const Operation& other : all) {
    const bool same_any = other.methods == kAnyMethod && operation.methods == kAnyMethod;
    const bool one_any = other.methods == kAnyMethod || operation.methods == kAnyMethod;
    if (same_any || (!one_any && (other.methods & operation.methods) != 0)) {
      return other.directive == operation.directive
                 ? is_duplicate()
                 : invalid("conflicts with \"" + std::string(other.directive) +
                           "\": both serve one method");
    }
  }
  core->handler = kContentHandler;
  all.push_back(std::move(operation));
  main_conf<MainConf>(cf)->enabled = true;
  return {};
}

Result<ngx_uint_t> parse_methods(std::string_view words) {
  ngx_uint_t methods = 0;
  for (std::string_view rest = words;;) {
    const std::size_t end = rest.find('|');
    const std::string_view name = rest.substr(0, end);
    ngx_uint_t bit = 0;
    for (const Method& method : kMethods) {
      bit = method.name == name ? method.bit : bit;
    }
    if (bit == 0) {
      return invalid("unknown method \"" + std::string(name) + "\"");
    }
    methods |= bit;
    if (end == std::string_view::npos) {
      return methods;
    }
    rest.remove_prefix(end + 1);
  }
}

// ---- requests -----------------------------------------------------------------------------------

namespace {

bool too_large(ngx_http_request_t* r, const LocConf& conf, const Operation& operation) {
  const off_t size = std::max(r->headers_in.content_length_n, received_bytes(r));
  return !operation.only_refuses && size > static_cast<off_t>(*conf.get<InputConf>().max_message);
}

// A body whose length nobody has said yet: in chunks, or HTTP/2 without content-length.
bool has_unmeasured_body(ngx_http_request_t* r) {
  const auto* core =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  return r == r->main && r->headers_in.chunked && r->request_body == nullptr && !r->discard_body &&
         core->client_max_body_size > 0;
}

ngx_int_t run(ngx_http_request_t* r) {
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const LocConf& conf = *loc_conf<LocConf>(r);
  const Operation& operation = *conf.get<OperationsConf>().find(r->method);
  context->operation = {&conf, &operation, 0};
  return too_large(r, conf, operation) ? fail(r, body_too_large()) : next_step(r);
}

// nginx took a reference on the request for this call.
void on_body(ngx_http_request_t* r) noexcept { ngx_http_finalize_request(r, entry<&run>(r)); }

}  // namespace

ngx_int_t serve(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  const Operation* operation = conf.get<OperationsConf>().find(r->method);
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
  if (!content_type_matches(r, conf.get<ContentTypeConf>())) {
    return refuse_content_type(r, conf.get<ContentTypeConf>());
  }
  if (!has_unmeasured_body(r)) {
    return run(r);
  }
  // A limit does not depend on how a body is framed, and counts before anything is done: so it is
  // read first, also where nobody wants it.
  return read_body(r, on_body);
}

ngx_int_t next_step(ngx_http_request_t* r) {
  OperationProgress& at = find_context(r)->operation;
  return at.operation->steps[at.step++](r, *at.conf, at.operation->index);
}

ngx_int_t refuse_method(ngx_http_request_t* r) {
  const std::string allow = loc_conf<LocConf>(r)->get<OperationsConf>().allow();
  const Header headers[] = {{"Allow", allow}};
  return fail(r, NGX_HTTP_NOT_ALLOWED, "Method Not Allowed", headers);
}

}  // namespace notify
