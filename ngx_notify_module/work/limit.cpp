#include "ngx_notify_module/work/limit.hpp"

#include "ngx_notify_module/calls/ask.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/runtime.hpp"
#include "ngx_notify_module/transport/queue_commands.hpp"
#include "ngx_notify_module/work/consume.hpp"
#include "ngx_notify_module/work/consumers.hpp"

namespace notify {
namespace {

// As JSON writes one: with nothing behind it, perhaps negative.
bool is_integer(std::string_view text) {
  text.remove_prefix(text.starts_with('-') ? 1 : 0);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

ngx_int_t limit(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const auto stream = evaluate(r, conf.get<LimitConf>().stream);
  const auto group = evaluate(r, conf.get<LimitConf>().group);
  const auto count = evaluate(r, conf.get<LimitConf>().count);
  if (!stream || !group || !count) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  for (const Result<void>& named : {check_stream(r, conf.get<LimitConf>().stream, *stream),
                                    check_group(r, conf.get<LimitConf>().group, *group)}) {
    if (!named) {
      return fail(r, named.error());
    }
  }
  if (!is_integer(*count)) {
    return fail(r, invalid("Invalid JSON: the limit must be a whole number"));
  }
  const Result<std::uint64_t> wanted = parse_limit(*count, conf.get<ConsumeConf>());
  if (!wanted) {
    return fail(r, wanted.error());
  }
  const auto database = static_cast<int>(runtime->conf().redis->db);
  return ask(r, limit_command(*stream, *group, *wanted, database), [r](const redis::Reply& reply) {
    if (reply.is_error()) {
      return refused(r, reply);
    }
    const std::int64_t consumers = reply.integer().value_or(0);
    return consumers > 0
               ? respond(r, NGX_HTTP_OK, kJson,
                         "{\"consumers\":" + std::to_string(consumers) + ",\"status\":\"ok\"}\n")
               : fail(r, NGX_HTTP_NOT_FOUND, kNoConsumers);
  });
}

}  // namespace

// ---- notify_limit -------------------------------------------------------------------------------

Result<void> LimitConf::merge(const MergeScope& scope, const LimitConf& parent) {
  if (scope.same_location) {
    *this = parent;
  }
  return {};
}

Result<void> set_limit(ngx_conf_t* cf, Words words, LimitConf& conf) {
  if (conf.stream != nullptr) {
    return is_duplicate();
  }
  const Result<void> compiled =
      compile_templates(cf, words, {&conf.stream, &conf.group, &conf.count});
  if (!compiled) {
    return compiled;
  }
  return add_operation(cf, {"notify_limit", NGX_HTTP_POST, {&read_input, &limit}});
}

}  // namespace notify
