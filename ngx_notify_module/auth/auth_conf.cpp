#include "ngx_notify_module/auth/auth_conf.hpp"

#include <algorithm>

#include "ngx_notify_module/auth/bearer_conf.hpp"
#include "ngx_notify_module/auth/hmac_conf.hpp"
#include "ngx_notify_module/auth/jwt_key.hpp"
#include "ngx_notify_module/auth/key_conf.hpp"
#include "ngx_notify_module/auth/member.hpp"
#include "ngx_notify_module/auth/member_token.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "shared/base/secret.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

struct MethodName {
  std::string_view name;
  AuthMethod method;
  std::string_view directive;  // that says more about it
};

constexpr std::array kMethodNames{
    MethodName{"signature", AuthMethod::kSignature, "notify_signature"},
    MethodName{"jwt", AuthMethod::kJwt, "notify_jwt"},
    MethodName{"bearer", AuthMethod::kBearer, "notify_bearer"},
    MethodName{"key", AuthMethod::kKey, "notify_key"},
    MethodName{"hmac", AuthMethod::kHmac, "notify_hmac"},
};

Result<std::chrono::seconds> seconds(std::string_view word, std::string_view value) {
  const Result<ngx_msec_t> time = parse_time(value);
  if (!time || *time % 1000 != 0) {
    return bad_parameter(word);
  }
  return std::chrono::seconds(*time / 1000);
}

// Takes `value` into `place`, or hands the error on.
template <class T, class U>
Result<void> take(Result<T> value, U& place) {
  if (!value) {
    return value.error();
  }
  place = std::move(*value);
  return {};
}

Result<void> signature_parameter(std::string_view word, SignatureConf& conf) {
  if (const auto value = parameter(word, "window")) {
    return take(seconds(word, *value), conf.rule.window);
  }
  if (const auto value = parameter(word, "token")) {
    return take(header_name(word, *value), conf.token);
  }
  if (const auto value = parameter(word, "timestamp")) {
    return take(header_name(word, *value), conf.timestamp);
  }
  if (const auto value = parameter(word, "signature")) {
    return take(header_name(word, *value), conf.signature);
  }
  return bad_parameter(word);
}

Result<void> jwt_parameter(std::string_view word, JwtConf& conf) {
  if (const auto value = parameter(word, "claim"); value && !value->empty()) {
    conf.rule.user_claim = *value;
    return {};
  }
  if (const auto value = parameter(word, "arg")) {
    conf.argument = *value;
    return {};
  }
  if (const auto value = parameter(word, "leeway")) {
    return take(seconds(word, *value), conf.rule.leeway);
  }
  if (const auto value = parameter(word, "issuer"); value && !value->empty()) {
    conf.rule.issuer = *value;
    return {};
  }
  if (const auto value = parameter(word, "audience"); value && !value->empty()) {
    conf.rule.audiences.emplace_back(*value);
    return {};
  }
  if (const auto value = parameter(word, "require"); value && !value->empty()) {
    conf.rule.required.emplace_back(*value);
    return {};
  }
  return bad_parameter(word);
}

// Whether the method's own directive is there.
bool has(const LocConf& conf, AuthMethod method) {
  switch (method) {
    case AuthMethod::kSignature:
      return conf.get<AuthConf>().signature.has_value();
    case AuthMethod::kJwt:
      return conf.get<AuthConf>().jwt.has_value();
    case AuthMethod::kBearer:
      return conf.get<BearerConf>().rule.has_value();
    case AuthMethod::kKey:
      return conf.get<KeyConf>().source.has_value();
    case AuthMethod::kHmac:
      return conf.get<HmacConf>().rule.has_value();
  }
  return false;
}

}  // namespace

Result<void> AuthConf::merge(const MergeScope& scope, const AuthConf& parent) {
  inherit(methods, parent.methods, std::vector<AuthMethod>{});
  if (!signature) {
    signature = parent.signature;
  }
  if (!jwt) {
    jwt = parent.jwt;
  }
  const MemberConf& member = scope.conf->get<MemberConf>();
  scope.conf->guarded = !methods->empty() || member.hash != nullptr;
  if (member.required && member.header.empty() && member.argument.empty() &&
      scope.conf->get<MemberTokenConf>().user == nullptr && !scope.may_complete) {
    return invalid("\"notify_member\" needs \"header=\" or \"arg=\" where a key is required");
  }
  for (const MethodName& each : kMethodNames) {
    const bool used = std::find(methods->begin(), methods->end(), each.method) != methods->end();
    if (used && !has(*scope.conf, each.method) && !scope.may_complete) {
      return invalid("\"notify_auth " + std::string(each.name) + "\" needs \"" +
                     std::string(each.directive) + "\"");
    }
  }
  return {};
}

Result<void> set_auth(ngx_conf_t* cf, Words words, AuthConf& conf) {
  if (conf.methods) {
    return is_duplicate();
  }
  std::vector<AuthMethod> methods;
  for (const std::string_view word : words) {
    if (word == "off" && words.size() == 1) {
      continue;
    }
    const auto* known = std::find_if(kMethodNames.begin(), kMethodNames.end(),
                                     [&](const MethodName& each) { return each.name == word; });
    if (known == kMethodNames.end()) {
      return bad_value(word);
    }
    if (std::find(methods.begin(), methods.end(), known->method) != methods.end()) {
      return invalid("duplicate value \"" + std::string(word) + "\"");
    }
    methods.push_back(known->method);
  }
  main_conf<MainConf>(cf)->guards = main_conf<MainConf>(cf)->guards || !methods.empty();
  conf.methods = std::move(methods);
  return {};
}

Result<void> set_signature(ngx_conf_t*, Words words, AuthConf& conf) {
  if (conf.signature) {
    return is_duplicate();
  }
  SignatureConf signature;
  const Result<void> secret = take(resolve_secret(words[0]), signature.rule.token);
  if (!secret) {
    return secret;
  }
  for (const std::string_view word : words.subspan(1)) {
    const Result<void> outcome = signature_parameter(word, signature);
    if (!outcome) {
      return outcome;
    }
  }
  conf.signature = std::move(signature);
  return {};
}

Result<void> set_jwt(ngx_conf_t* cf, Words words, AuthConf& conf) {
  if (conf.jwt) {
    return is_duplicate();
  }
  const std::optional<JwtAlg> alg = parse_jwt_alg(words[0]);
  if (!alg) {
    return invalid("unknown algorithm \"" + std::string(words[0]) + "\"");
  }
  JwtConf jwt;
  jwt.rule.alg = *alg;
  const Result<void> key = read_jwt_key(cf, words[1], jwt.rule);
  if (!key) {
    return key;
  }
  for (const std::string_view word : words.subspan(2)) {
    const Result<void> outcome = jwt_parameter(word, jwt);
    if (!outcome) {
      return outcome;
    }
  }
  if (!jwt.argument.empty()) {
    main_conf<MainConf>(cf)->masks.add(jwt.argument);
  }
  conf.jwt = std::move(jwt);
  return {};
}

}  // namespace notify
