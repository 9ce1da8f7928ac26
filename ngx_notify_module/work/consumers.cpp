#include "ngx_notify_module/work/consumers.hpp"

#include "ngx_notify_module/calls/ask.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/templates.hpp"
#include "ngx_notify_module/transport/queue_commands.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

ngx_int_t consumers(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  const auto stream = evaluate(r, conf.get<ConsumersConf>().stream);
  const auto group = evaluate(r, conf.get<ConsumersConf>().group);
  if (!stream || !group) {
    return NGX_HTTP_INTERNAL_SERVER_ERROR;
  }
  for (const Result<void>& named : {check_stream(r, conf.get<ConsumersConf>().stream, *stream),
                                    check_group(r, conf.get<ConsumersConf>().group, *group)}) {
    if (!named) {
      return fail(r, named.error());
    }
  }
  // Both texts are the request's pool's.
  return ask(r, consumers_command(*stream, *group),
             [r, stream = *stream, group = *group](const redis::Reply& reply) {
               if (reply.is_error()) {
                 return refused(r, reply);
               }
               const std::int64_t count = reply[0].integer().value_or(0);
               if (count == 0) {
                 return fail(r, NGX_HTTP_NOT_FOUND, kNoConsumers);
               }
               const auto figure = [&](std::size_t i) {
                 return std::to_string(reply[i].integer().value_or(0));
               };
               return respond(r, NGX_HTTP_OK, kJson,
                              "{\"consumers\":" + figure(0) + ",\"finished\":" + figure(2) +
                                  ",\"group\":" + json::quoted(group) + ",\"messages\":" +
                                  figure(1) + ",\"stream\":" + json::quoted(stream) + "}\n");
             });
}

}  // namespace

// ---- notify_consumers ---------------------------------------------------------------------------

Result<void> ConsumersConf::merge(const MergeScope& scope, const ConsumersConf& parent) {
  if (scope.same_location) {
    *this = parent;
  }
  return {};
}

Result<void> set_consumers(ngx_conf_t* cf, Words words, ConsumersConf& conf) {
  if (conf.stream != nullptr) {
    return is_duplicate();
  }
  const Result<void> compiled = compile_templates(cf, words, {&conf.stream, &conf.group});
  if (!compiled) {
    return compiled;
  }
  return add_operation(cf, {"notify_consumers", NGX_HTTP_GET, {&read_input, &consumers}});
}

}  // namespace notify
