#include "ngx_notify_module/auth/methods.hpp"

#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/auth/bearer_conf.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "shared/auth/bearer.hpp"

namespace notify {
namespace {

Result<void> by_signature(ngx_http_request_t* r, const SignatureConf& conf) {
  const HeaderValue token = find_header(r, conf.token);
  const HeaderValue timestamp = find_header(r, conf.timestamp);
  const HeaderValue signature = find_header(r, conf.signature);
  const SignatureInput input{token.value,    timestamp.value,    signature.value,
                             token.repeated, timestamp.repeated, signature.repeated};
  return verify(conf.rule, input, ngx_time());
}

Result<void> by_jwt(ngx_http_request_t* r, const JwtConf& conf, Context& context) {
  std::string token;
  if (!conf.argument.empty()) {
    ArgumentValue argument = find_argument(r, conf.argument);
    if (argument.differs) {
      return Error{ErrorKind::kUnauthorized, "Invalid token"};
    }
    token = std::move(argument.value);
  }
  if (token.empty() && r->headers_in.authorization != nullptr) {
    token = parse_bearer_token(view(r->headers_in.authorization->value)).value_or("");
  }
  const ngx_time_t* time = ngx_timeofday();
  const double now = static_cast<double>(time->sec) + static_cast<double>(time->msec) / 1000.0;
  Result<Claims> claims = verify_jwt(token, conf.rule, now);
  if (!claims) {
    return claims.error();
  }
  context.subject = claims->subject;
  if (claims->exp) {
    context.expires = *claims->exp + static_cast<double>(conf.rule.leeway.count());
  }
  context.claims = std::move(*claims);
  return {};
}

// nginx refuses a request that has the header twice.
Result<void> by_bearer(const ngx_http_request_t* r, const BearerRule& rule) {
  const ngx_table_elt_t* header = r->headers_in.authorization;
  return verify_bearer(header == nullptr ? std::nullopt : std::optional(view(header->value)), rule);
}

}  // namespace

Result<void> authenticate(ngx_http_request_t* r, AuthMethod method, const LocConf& conf,
                          Context& context) {
  const AuthConf& auth = conf.get<AuthConf>();
  const BearerConf& bearer = conf.get<BearerConf>();
  if (method == AuthMethod::kSignature && auth.signature) {
    return by_signature(r, *auth.signature);
  }
  if (method == AuthMethod::kJwt && auth.jwt) {
    return by_jwt(r, *auth.jwt, context);
  }
  if (method == AuthMethod::kBearer && bearer.rule) {
    return by_bearer(r, *bearer.rule);
  }
  // A server{} block that leaves the method's settings to its locations, and none of them matched.
  return Error{ErrorKind::kForbidden, "Forbidden"};
}

}  // namespace notify
