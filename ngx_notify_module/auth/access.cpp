#include "ngx_notify_module/auth/access.hpp"

#include <algorithm>

#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/auth/hmac_conf.hpp"
#include "ngx_notify_module/auth/key_check.hpp"
#include "ngx_notify_module/auth/key_conf.hpp"
#include "ngx_notify_module/auth/member.hpp"
#include "ngx_notify_module/auth/member_token.hpp"
#include "ngx_notify_module/auth/methods.hpp"
#include "ngx_notify_module/auth/origin.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/path.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/stats/board.hpp"

namespace notify {
namespace {

// Ends the request from inside a phase: nothing else may look at it.
ngx_int_t end(ngx_http_request_t* r, ngx_int_t outcome) {
  ngx_http_finalize_request(r, outcome);
  return NGX_DONE;
}

bool takes_bearer(const LocConf& conf) {
  const std::vector<AuthMethod>& methods = *conf.get<AuthConf>().methods;
  return conf.get<MemberTokenConf>().user != nullptr ||
         std::any_of(methods.begin(), methods.end(), [](AuthMethod method) {
           return method != AuthMethod::kSignature && method != AuthMethod::kHmac;
         });
}

void count(ErrorKind kind) {
  const bool forbidden = kind == ErrorKind::kForbidden || kind == ErrorKind::kInvalid;
  metrics::count(kind == ErrorKind::kTooMany ? metrics::Counter::kAuthLimited
                 : forbidden                 ? metrics::Counter::kAuthForbidden
                                             : metrics::Counter::kAuthRefused);
}

ngx_int_t refuse(ngx_http_request_t* r, const LocConf& conf, const Error& error) {
  count(error.kind);
  const auto* core =
      static_cast<ngx_http_core_loc_conf_t*>(ngx_http_get_module_loc_conf(r, ngx_http_core_module));
  if (core->satisfy == NGX_HTTP_SATISFY_ANY && r == r->main) {
    // Another module may know better: nginx goes on, and answers itself if none does.
    const bool forbidden = error.kind == ErrorKind::kForbidden || error.kind == ErrorKind::kInvalid;
    return forbidden ? NGX_HTTP_FORBIDDEN : NGX_HTTP_UNAUTHORIZED;
  }
  if (error.kind == ErrorKind::kUnauthorized && takes_bearer(conf)) {
    const Header headers[] = {{"WWW-Authenticate", "Bearer"}};
    return end(r, fail(r, NGX_HTTP_UNAUTHORIZED, error.message, headers));
  }
  if (error.kind == ErrorKind::kTooMany) {
    const std::string seconds = std::to_string(seconds_to_wait(r, conf.get<KeyConf>()));
    const Header headers[] = {{"Retry-After", seconds}};
    return end(r, fail(r, NGX_HTTP_TOO_MANY_REQUESTS, error.message, headers));
  }
  // auth_request knows these two; any other one would be an error of the server to it.
  const bool as_forbidden = r != r->main && error.kind == ErrorKind::kInvalid;
  return end(r, fail(r, as_forbidden ? Error{ErrorKind::kForbidden, error.message} : error));
}

// What notify_auth says.
ngx_int_t check_methods(ngx_http_request_t* r, const LocConf& conf) {
  // Like nginx's own, our authentication guards any location that it is set for.
  if (conf.get<AuthConf>().methods->empty()) {
    return NGX_DECLINED;
  }
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const bool by_body =
      std::find(conf.get<AuthConf>().methods->begin(), conf.get<AuthConf>().methods->end(),
                AuthMethod::kHmac) != conf.get<AuthConf>().methods->end();
  if (by_body && !has_body(r) && r == r->main) {
    const ngx_int_t outcome = read_body_in_phase(r, *conf.get<InputConf>().max_message);
    return end(r, outcome);
  }
  // What was proved where an internal redirect came from is not proved here.
  context->subject.clear();
  context->by_key = false;
  context->claims.reset();
  context->expires.reset();
  // Those that know at once go first: what is right for one of them may be a wrong key.
  const AuthMethod told = conf.get<AuthConf>().methods->front();
  std::optional<Error> refusal;
  bool takes_keys = false;
  for (const AuthMethod method : *conf.get<AuthConf>().methods) {
    if (method == AuthMethod::kKey) {
      takes_keys = true;
      continue;
    }
    const Result<void> outcome =
        method == AuthMethod::kHmac && conf.get<HmacConf>().rule
            ? check_hmac(r, *conf.get<HmacConf>().rule, *conf.get<InputConf>().max_message)
            : authenticate(r, method, conf, *context);
    if (outcome) {
      return NGX_OK;
    }
    if (!refusal) {
      refusal = outcome.error();
    }
  }
  if (!takes_keys) {
    return refuse(r, conf, *refusal);
  }
  const std::optional<KeyVerdict> key = check_key(r, conf.get<KeyConf>(), *context);
  if (!key) {
    return wait_in_phase(r);
  }
  if (key->outcome) {
    return NGX_OK;
  }
  if (key->may_count) {
    count_failure(r, conf.get<KeyConf>());
  }
  return refuse(r, conf, told == AuthMethod::kKey || !refusal ? key->outcome.error() : *refusal);
}

// What notify_origin, notify_auth and notify_member say.
ngx_int_t check_guards(ngx_http_request_t* r, const LocConf& conf) {
  if (const Result<void> page = check_origin(r, *conf.get<OriginConf>().rule); !page) {
    count(page.error().kind);
    return end(r, fail(r, page.error()));  // whatever else would let it in
  }
  const ngx_int_t outcome = check_methods(r, conf);
  if (conf.get<MemberConf>().hash == nullptr || (outcome != NGX_OK && outcome != NGX_DECLINED)) {
    return outcome;
  }
  Context* context = ensure_context(r);
  if (context == nullptr) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  const std::optional<Result<void>> member = check_member(r, conf, *context);
  if (!member) {
    return wait_in_phase(r);
  }
  return *member ? NGX_OK : refuse(r, conf, member->error());
}

}  // namespace

ngx_int_t check_part(ngx_http_request_t* r) {
  if (r == r->main) {
    return NGX_DECLINED;
  }
  const ngx_int_t outcome = check_guards(r, *loc_conf<LocConf>(r));
  return outcome == NGX_OK ? NGX_DECLINED : outcome;  // NGX_OK would skip the phase's other modules
}

ngx_int_t check_access(ngx_http_request_t* r) {
  const LocConf& conf = *loc_conf<LocConf>(r);
  if (!path_matches(r)) {
    return end(r, refuse_path(r));
  }
  if (r->content_handler == kContentHandler &&
      conf.get<OperationsConf>().find(r->method) == nullptr) {
    return end(r, refuse_method(r));
  }
  return check_guards(r, conf);
}

}  // namespace notify
