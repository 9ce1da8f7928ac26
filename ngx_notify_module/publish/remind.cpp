#include "ngx_notify_module/publish/remind.hpp"

#include "ngx_notify_module/calls/batch.hpp"
#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/text.hpp"
#include "shared/model/stream_name.hpp"

namespace notify {
namespace {

ngx_int_t answer(ngx_http_request_t* r, const LocConf& conf,
                 const std::vector<std::string>& counts) {
  std::uint64_t all = 0;
  for (const std::string& count : counts) {
    all += parse_u64(count).value_or(0);
  }
  find_context(r)->count = std::to_string(all);
  const PublishResponse& response = *conf.get<PublishConf>().response;
  const std::optional<std::string_view> body = evaluate(r, response.body);
  return body ? respond(r, response.status, kJson, *body) : NGX_ERROR;
}

ngx_int_t remind(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  std::vector<redis::Command> commands;
  for (const RemindConf::Ward& ward : conf.get<RemindConf>().wards) {
    commands.push_back(remind_command({ward.environment, ward.stream, ward.after, ward.most}));
    commands.back().wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
  }
  return run_batch(
      r, std::move(commands),
      [](std::size_t, const redis::Reply& reply) -> Result<std::string> {
        return std::to_string(reply.integer().value_or(0));
      },
      [r, &conf](const std::vector<std::string>& counts) { return answer(r, conf, counts); });
}

}  // namespace

// ---- notify_remind ------------------------------------------------------------------------------

Result<void> RemindConf::merge(const MergeScope& scope, const RemindConf& parent) {
  if (scope.same_location) {
    wards = parent.wards;
  }
  return {};
}

Result<void> set_remind(ngx_conf_t* cf, Words words, RemindConf& conf) {
  RemindConf::Ward ward{std::string(words[0]), std::string(words[1])};
  if (ward.environment.empty()) {
    return bad_value(words[0]);
  }
  if (!check_stream_name(ward.stream)) {
    return bad_value(words[1]);
  }
  for (const std::string_view word : words.subspan(2)) {
    if (const auto after = parameter(word, "after")) {
      const Result<ngx_msec_t> time = parse_time(*after);
      if (!time || *time == 0) {
        return bad_parameter(word);
      }
      ward.after = *time;
    } else if (const auto limit = parameter(word, "limit")) {
      const Result<std::uint64_t> count = parse_count(*limit);
      if (!count) {
        return bad_parameter(word);
      }
      ward.most = *count;
    } else {
      return bad_parameter(word);
    }
  }
  conf.wards.push_back(std::move(ward));
  return conf.wards.size() > 1
             ? Result<void>{}
             : add_operation(cf,
                             {"notify_remind", NGX_HTTP_POST, {&remind}, 0, {"notify_response"}});
}

}  // namespace notify
