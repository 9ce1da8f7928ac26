#include "ngx_notify_module/auth/methods.hpp"

#include "shared/auth/bearer.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

struct HeaderValue {
  std::optional<std::string_view> value;
  bool repeated = false;
};

// `name` in lower case.
HeaderValue header(const ngx_http_request_t* r, std::string_view name) {
  HeaderValue found;
  for (const ngx_list_part_t* part = &r->headers_in.headers.part; part != nullptr;
       part = part->next) {
    const auto* headers = static_cast<const ngx_table_elt_t*>(part->elts);
    for (ngx_uint_t i = 0; i < part->nelts; ++i) {
      if (headers[i].key.len == name.size() &&
          ngx_strncmp(headers[i].lowcase_key, name.data(), name.size()) == 0) {
        found.repeated = found.value.has_value();
        found.value = view(headers[i].value);
      }
    }
  }
  return found;
}

Result<void> by_signature(ngx_http_request_t* r, const SignatureConf& conf) {
  const HeaderValue token = header(r, conf.token);
  const HeaderValue timestamp = header(r, conf.timestamp);
  const HeaderValue signature = header(r, conf.signature);
  const SignatureInput input{token.value,    timestamp.value,    signature.value,
                             token.repeated, timestamp.repeated, signature.repeated};
  return verify(conf.rule, input, ngx_time());
}

Result<void> by_jwt(ngx_http_request_t* r, const JwtConf& conf, Context& context) {
  std::string token;
  if (!conf.argument.empty()) {
    token = query_arg(view(r->args), conf.argument).value_or("");
  }
  if (token.empty() && r->headers_in.authorization != nullptr) {
    token = parse_bearer(view(r->headers_in.authorization->value)).value_or("");
  }
  const ngx_time_t* time = ngx_timeofday();
  const double now = static_cast<double>(time->sec) + static_cast<double>(time->msec) / 1000.0;
  Result<Claims> claims = verify_jwt(token, conf.rule, now);
  if (!claims) {
    return claims.error();
  }
  context.subject = claims->subject;
  context.claims = std::move(*claims);
  return {};
}

}  // namespace

Result<void> authenticate(ngx_http_request_t* r, AuthMethod method, const AuthConf& auth,
                          Context& context) {
  if (method == AuthMethod::kSignature && auth.signature) {
    return by_signature(r, *auth.signature);
  }
  if (method == AuthMethod::kJwt && auth.jwt) {
    return by_jwt(r, *auth.jwt, context);
  }
  // A server{} block that leaves the method's settings to its locations, and none of them matched.
  return Error{ErrorKind::kForbidden, "Forbidden"};
}

}  // namespace notify
