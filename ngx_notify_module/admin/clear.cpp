#include "ngx_notify_module/admin/clear.hpp"

#include "ngx_notify_module/calls/batch.hpp"
#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "shared/base/json.hpp"

namespace notify {
namespace {

ngx_int_t clear(ngx_http_request_t* r, const LocConf& conf, std::size_t) {
  std::vector<Labelled> streams;
  std::vector<redis::Command> commands;
  for (const LabelledKey& stream : conf.get<ClearConf>().streams) {
    Result<Labelled> name = evaluate(r, stream);
    if (!name) {
      return fail(r, name.error());
    }
    commands.push_back(clear_command(name->key));
    commands.back().wait = redis::Milliseconds(*conf.get<WaitConf>().wait);
    streams.push_back(std::move(*name));
  }
  return run_batch(
      r, std::move(commands),
      // {existed, entries removed}: the answer names the streams that there are.
      [streams](std::size_t i, const redis::Reply& reply) -> Result<std::string> {
        return reply[0].integer().value_or(0) == 0 ? "" : json::quoted(streams[i].key);
      },
      [r, streams](const std::vector<std::string>& texts) {
        const std::string body =
            by_label(streams, Bracket::kArray, [&](std::size_t i) { return texts[i]; });
        return respond(r, NGX_HTTP_OK, kJson, body);
      });
}

}  // namespace

// ---- notify_clear -------------------------------------------------------------------------------

Result<void> ClearConf::merge(const MergeScope& scope, const ClearConf& parent) {
  if (scope.same_location) {
    streams = parent.streams;
  }
  return {};
}

Result<void> set_clear(ngx_conf_t* cf, Words words, ClearConf& conf) {
  LabelledKey stream;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Result<Template*> part =
        words[i].empty() ? Result<Template*>(bad_value(words[i])) : compile_template(cf, words[i]);
    if (!part) {
      return part.error();
    }
    (i == 0 ? stream.label : stream.key) = *part;
  }
  conf.streams.push_back(stream);
  return conf.streams.size() > 1 ? Result<void>{}
                                 : add_operation(cf, {"notify_clear", NGX_HTTP_DELETE, {&clear}});
}

}  // namespace notify
