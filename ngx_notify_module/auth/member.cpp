#include "ngx_notify_module/auth/member.hpp"

#include <algorithm>
#include <utility>

#include "ngx_notify_module/auth/member_token.hpp"
#include "ngx_notify_module/auth/proof.hpp"
#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

Error forbidden() { return {ErrorKind::kForbidden, "Forbidden"}; }

Error nothing_came(const MemberTokenConf& token) {
  return {ErrorKind::kForbidden,
          token.user != nullptr ? "A key or a user's token is needed" : "Forbidden"};
}

ArgumentValue key_of(const ngx_http_request_t* r, const MemberConf& conf) {
  if (!conf.header.empty()) {
    const HeaderValue header = find_header(r, conf.header);
    if (header.repeated) {
      return {{}, true};
    }
    if (!header.value.value_or("").empty()) {
      return {std::string(*header.value)};
    }
  }
  return conf.argument.empty() ? ArgumentValue() : find_argument(r, conf.argument);
}

// What a request says of who it is.
struct Credentials {
  std::string key;
  std::string token;  // empty where there is a key
};

Result<Credentials> credentials_of(const ngx_http_request_t* r, const LocConf& conf) {
  ArgumentValue key = key_of(r, conf.get<MemberConf>());
  if (key.differs) {
    return forbidden();
  }
  if (!key.value.empty()) {
    return Credentials{std::move(key.value), {}};
  }
  ArgumentValue token = member_token_of(r, conf.get<MemberTokenConf>());
  if (token.differs) {
    return Error{ErrorKind::kUnauthorized, "Invalid token"};
  }
  return Credentials{{}, std::move(token.value)};
}

// What Redis said of this member, and what that makes of the token that came.
Result<void> judge(const Result<redis::Reply>& reply, const LocConf& conf, Context& context,
                   const std::string& token, const std::string& user) {
  Proof& proof = proof_of(context);
  const Result<std::string> digest = judge_member(reply, proof.member_key);
  if (!digest) {
    return digest.error();
  }
  if (token.empty()) {
    return {};
  }
  const Result<double> ends = verify_member_token(token, {context.member, *digest, user},
                                                  conf.get<MemberTokenConf>().ttl_ms);
  if (!ends) {
    return ends.error();
  }
  proof.member_key = *digest;  // another key ends what this one has signed
  context.subject = user;
  context.expires = std::min(*ends, context.expires.value_or(*ends));
  return {};
}

}  // namespace

std::optional<Result<void>> check_member(ngx_http_request_t* r, const LocConf& conf,
                                         Context& context) {
  Proof& proof = proof_of(context);
  if (proof.member_verdict) {
    return std::exchange(proof.member_verdict, std::nullopt);
  }
  const MemberConf& member = conf.get<MemberConf>();
  const auto hash = evaluate(r, member.hash);
  const auto name = evaluate(r, member.name);
  if (!hash || !name) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  Result<Credentials> credentials = credentials_of(r, conf);
  if (!credentials) {
    return credentials.error();
  }
  const std::string& key = credentials->key;
  std::string& token = credentials->token;
  const MemberTokenConf& by_token = conf.get<MemberTokenConf>();
  const std::optional<std::string_view> user =
      by_token.user == nullptr ? std::string_view() : evaluate(r, by_token.user);
  if (!user) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  if (name->empty()) {
    return forbidden();
  }
  if (key.empty() && token.empty() && member.required) {
    return nothing_came(by_token);
  }
  context.member = to_lower(*name);
  proof.member_key = key.empty() ? std::string() : hex(sha256(key));
  redis::Command command =
      member_command({std::string(*hash), context.member, std::string(*user), proof.member_key});
  command.wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
  context.pending = runtime->commands().submit(
      std::move(command), [r, &conf, &context, &proof, token = std::move(token),
                           user = std::string(*user)](const Result<redis::Reply>& reply) {
        proof.member_verdict = judge(reply, conf, context, token, user);
        resume_phases(r);
      });
  return std::nullopt;
}

std::unique_ptr<MemberWatch> watch_member(ngx_http_request_t* r, const LocConf& conf,
                                          Context& context, std::function<void()> gone) {
  const MemberConf& member = conf.get<MemberConf>();
  if (member.hash == nullptr || member.check_ms == 0 || context.member.empty()) {
    return nullptr;
  }
  const auto hash = evaluate(r, member.hash);
  const MemberTokenConf& by_token = conf.get<MemberTokenConf>();
  const auto user = by_token.user == nullptr ? std::string_view() : evaluate(r, by_token.user);
  if (!hash || !user) {
    return nullptr;
  }
  return std::make_unique<MemberWatch>(runtime->commands(),
                                       Membership{std::string(*hash), context.member,
                                                  std::string(*user), proof_of(context).member_key},
                                       std::chrono::milliseconds(member.check_ms), std::move(gone));
}

// ---- notify_member ------------------------------------------------------------------------------

void MemberConf::merge(const MemberConf& parent) {
  if (hash == nullptr) {
    *this = parent;
  }
}

Result<void> set_member(ngx_conf_t* cf, Words words, MemberConf& conf) {
  if (conf.hash != nullptr) {
    return is_duplicate();
  }
  for (const auto& [word, place] :
       {std::pair{words[0], &conf.hash}, std::pair{words[1], &conf.name}}) {
    const Result<Template*> value =
        word.empty() ? Result<Template*>(bad_value(word)) : compile_template(cf, word);
    if (!value) {
      return value.error();
    }
    *place = *value;
  }
  for (const std::string_view word : words.subspan(2)) {
    if (word == "required") {
      conf.required = true;
    } else if (const auto check = parameter(word, "check")) {
      const Result<ngx_msec_t> time = parse_time(*check);
      if (!time) {
        return bad_parameter(word);
      }
      conf.check_ms = *time;
    } else if (const auto header = parameter(word, "header")) {
      const Result<std::string> named = header_name(word, *header);
      if (!named) {
        return named.error();
      }
      conf.header = *named;
    } else if (const auto argument = parameter(word, "arg"); argument && !argument->empty()) {
      conf.argument = *argument;
      main_conf<MainConf>(cf)->masks.add(*argument);
    } else {
      return bad_parameter(word);
    }
  }
  main_conf<MainConf>(cf)->enabled = true;
  main_conf<MainConf>(cf)->guards = true;
  return {};
}

}  // namespace notify
