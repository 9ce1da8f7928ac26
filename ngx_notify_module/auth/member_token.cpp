#include "ngx_notify_module/auth/member_token.hpp"

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "shared/auth/bearer.hpp"
#include "shared/auth/jwt.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

// Clocks of those who sign differ from ours by that much at most.
constexpr double kClockSkew = 60;

Error no_token() { return {ErrorKind::kUnauthorized, "Invalid token"}; }

}  // namespace

ArgumentValue member_token_of(const ngx_http_request_t* r, const MemberTokenConf& conf) {
  if (conf.user == nullptr) {
    return {};
  }
  if (!conf.argument.empty()) {
    ArgumentValue argument = find_argument(r, conf.argument);
    if (argument.differs || !argument.value.empty()) {
      return argument;
    }
  }
  const ngx_table_elt_t* header = r->headers_in.authorization;
  return {header == nullptr ? std::string()
                            : std::string(parse_bearer(view(header->value)).value_or(""))};
}

Result<double> verify_member_token(std::string_view token, const TokenOwner& owner,
                                   ngx_msec_t ttl_ms) {
  JwtRule rule;
  rule.secret = unhex(owner.key_digest).value_or("");
  const ngx_time_t* time = ngx_timeofday();
  const double now = static_cast<double>(time->sec) + static_cast<double>(time->msec) / 1000.0;
  const Result<Claims> claims = verify_jwt(token, rule, now);
  if (!claims) {
    return claims.error();
  }
  const double latest = now + static_cast<double>(ttl_ms) / 1000.0 + kClockSkew;
  if (!claims->exp || *claims->exp > latest ||
      to_lower(claims->text("iss").value_or("")) != owner.member) {
    return no_token();
  }
  if (claims->subject != owner.user) {
    return Error{ErrorKind::kForbidden, "The token is another user's"};
  }
  return *claims->exp;
}

// ---- notify_member_token ------------------------------------------------------------------------

void MemberTokenConf::merge(const MemberTokenConf& parent) {
  if (user == nullptr) {
    *this = parent;
  }
}

Result<void> set_member_token(ngx_conf_t* cf, Words words, MemberTokenConf& conf) {
  if (conf.user != nullptr) {
    return is_duplicate();
  }
  const Result<void> compiled = compile_templates(cf, words.first(1), {&conf.user});
  if (!compiled) {
    return compiled;
  }
  for (const std::string_view word : words.subspan(1)) {
    if (const auto argument = parameter(word, "arg"); argument && !argument->empty()) {
      conf.argument = *argument;
      main_conf<MainConf>(cf)->masks.add(*argument);
    } else if (const auto ttl = parameter(word, "ttl")) {
      const Result<ngx_msec_t> time = parse_time(*ttl);
      if (!time || *time == 0) {
        return bad_parameter(word);
      }
      conf.ttl_ms = *time;
    } else {
      return bad_parameter(word);
    }
  }
  return {};
}

}  // namespace notify
