#include "ngx_notify_module/conf/loc_conf.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/handlers/content.hpp"

namespace notify {
namespace {

// Each log that a request may be written about in.
void note_error_log(const ngx_conf_t* cf, ngx_log_t* log) {
  auto& logs = main_conf<MainConf>(cf)->error_logs;
  if (std::find(logs.begin(), logs.end(), log) == logs.end()) {
    logs.push_back(log);
  }
}

}  // namespace

Result<void> LocConf::merge(ngx_conf_t* cf, const LocConf& parent) {
  auto* core = static_cast<ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  MergeScope scope;
  scope.cf = cf;
  scope.conf = this;
  scope.may_complete = core->name.len == 0 && !core->noname;

  if (!operations.all.empty() && core->handler != kContentHandler) {
    return invalid("\"" + std::string(operations.all[0].directive) +
                   "\" conflicts with another handler");
  }

  // As proxy_pass does it. An `if` block keeps the handler that its location has; limit_except must
  // be given it.
  if (core->noname && operations.all.empty()) {
    scope.same_location = true;
    operations = parent.operations;
    if (core->lmt_excpt && core->handler == nullptr && !operations.all.empty()) {
      core->handler = kContentHandler;
    }
  }

  note_error_log(cf, core->error_log);
  request_id.merge(parent.request_id);
  path.merge(parent.path);
  ownership.merge(parent.ownership);
  cors.merge(parent.cors);
  content_type.merge(parent.content_type);
  inherit(redis_wait, parent.redis_wait, 2000);
  for (const Result<void>& outcome : {
           auth.merge(scope, parent.auth),
           intake.merge(scope, parent.intake),
           errors.merge(scope, parent.errors),
           publish.merge(scope, parent.publish),
           publish_batch.merge(scope, parent.publish_batch),
           subscribe.merge(scope, parent.subscribe),
           history.merge(scope, parent.history),
           inbox.merge(scope, parent.inbox),
           acknowledge.merge(scope, parent.acknowledge),
           receive.merge(scope, parent.receive),
           consume.merge(scope, parent.consume),
           finishing.merge(scope, parent.finishing),
           limit.merge(scope, parent.limit),
           consumers.merge(scope, parent.consumers),
           status.merge(scope, parent.status),
           clear.merge(scope, parent.clear),
           remind.merge(scope, parent.remind),
           admin.merge(scope, parent.admin),
           answers.merge(scope, parent.answers),
           metrics.merge(scope, parent.metrics),
       }) {
    if (!outcome) {
      return outcome;
    }
  }
  return {};
}

Result<void> set_redis_wait(ngx_conf_t*, Words words, LocConf& conf) {
  return assign(conf.redis_wait, parse_time(words[0]));
}

}  // namespace notify
