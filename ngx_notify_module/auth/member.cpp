#include "ngx_notify_module/auth/member.hpp"

#include <utility>

#include "ngx_notify_module/auth/headers.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/handlers/context.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

Error forbidden() { return {ErrorKind::kForbidden, "Forbidden"}; }

std::string key_of(const ngx_http_request_t* r, const MemberConf& conf) {
  std::string key;
  if (!conf.header.empty()) {
    key = find_header(r, conf.header).value.value_or("");
  }
  if (key.empty() && !conf.argument.empty()) {
    key = query_arg(view(r->args), conf.argument).value_or("");
  }
  return key;
}

}  // namespace

std::optional<Result<void>> check_member(ngx_http_request_t* r, const LocConf& conf,
                                         Context& context) {
  if (context.member_verdict) {
    return std::exchange(context.member_verdict, std::nullopt);
  }
  const MemberConf& member = conf.auth.member;
  const auto hash = evaluate(r, member.hash);
  const auto name = evaluate(r, member.name);
  if (!hash || !name) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  const std::string key = key_of(r, member);
  if (name->empty() || (key.empty() && member.required)) {
    return forbidden();
  }
  context.member = to_lower(*name);
  context.member_key = key.empty() ? std::string() : hex(sha256(key));
  redis::Command command = member_command({std::string(*hash), context.member, context.member_key});
  command.wait = redis::Milliseconds(*conf.redis_wait);
  context.pending = runtime->commands().submit(
      std::move(command), [r, &context](const Result<redis::Reply>& reply) {
        context.member_verdict = judge_member(reply, context.member_key);
        resume_phases(r);
      });
  return std::nullopt;
}

std::unique_ptr<MemberWatch> watch_member(ngx_http_request_t* r, const LocConf& conf,
                                          const Context& context, std::function<void()> gone) {
  const MemberConf& member = conf.auth.member;
  if (member.hash == nullptr || member.check_ms == 0 || context.member.empty()) {
    return nullptr;
  }
  const auto hash = evaluate(r, member.hash);
  if (!hash) {
    return nullptr;
  }
  return std::make_unique<MemberWatch>(
      runtime->commands(), Membership{std::string(*hash), context.member, context.member_key},
      std::chrono::milliseconds(member.check_ms), std::move(gone));
}

// ---- notify_member ------------------------------------------------------------------------------

void MemberConf::merge(const MemberConf& parent) {
  if (hash == nullptr) {
    *this = parent;
  }
}

Result<void> set_member(ngx_conf_t* cf, Words words, LocConf& conf) {
  MemberConf& member = conf.auth.member;
  if (member.hash != nullptr) {
    return is_duplicate();
  }
  for (const auto& [word, place] :
       {std::pair{words[0], &member.hash}, std::pair{words[1], &member.name}}) {
    const Result<Template*> value =
        word.empty() ? Result<Template*>(bad_value(word)) : compile_template(cf, word);
    if (!value) {
      return value.error();
    }
    *place = *value;
  }
  for (const std::string_view word : words.subspan(2)) {
    if (word == "required") {
      member.required = true;
    } else if (const auto check = parameter(word, "check")) {
      const Result<ngx_msec_t> time = parse_time(*check);
      if (!time) {
        return bad_parameter(word);
      }
      member.check_ms = *time;
    } else if (const auto header = parameter(word, "header")) {
      const Result<std::string> named = header_name(word, *header);
      if (!named) {
        return named.error();
      }
      member.header = *named;
    } else if (const auto argument = parameter(word, "arg"); argument && !argument->empty()) {
      member.argument = *argument;
      main_conf<MainConf>(cf)->masks.add(*argument);
    } else {
      return bad_parameter(word);
    }
  }
  if (member.required && member.header.empty() && member.argument.empty()) {
    return invalid("needs \"header=\" or \"arg=\" where a key is required");
  }
  main_conf<MainConf>(cf)->enabled = true;
  main_conf<MainConf>(cf)->guards = true;
  return {};
}

}  // namespace notify
