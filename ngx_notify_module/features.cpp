#include "ngx_notify_module/features.hpp"

#include <algorithm>
#include <memory>

#include "ngx_notify_module/admin/admin.hpp"
#include "ngx_notify_module/admin/clear.hpp"
#include "ngx_notify_module/admin/health.hpp"
#include "ngx_notify_module/admin/metrics.hpp"
#include "ngx_notify_module/admin/status.hpp"
#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/auth/bearer_conf.hpp"
#include "ngx_notify_module/auth/hmac_conf.hpp"
#include "ngx_notify_module/auth/key_conf.hpp"
#include "ngx_notify_module/auth/member.hpp"
#include "ngx_notify_module/auth/member_token.hpp"
#include "ngx_notify_module/auth/origin.hpp"
#include "ngx_notify_module/calls/redis_wait.hpp"
#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/publish/publish.hpp"
#include "ngx_notify_module/publish/publish_batch.hpp"
#include "ngx_notify_module/publish/remind.hpp"
#include "ngx_notify_module/request/content_type.hpp"
#include "ngx_notify_module/request/cors.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/operation.hpp"
#include "ngx_notify_module/request/ownership.hpp"
#include "ngx_notify_module/request/path.hpp"
#include "ngx_notify_module/request/request_id.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "ngx_notify_module/request/return.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"
#include "ngx_notify_module/subscribe/acknowledge.hpp"
#include "ngx_notify_module/subscribe/history.hpp"
#include "ngx_notify_module/subscribe/inbox.hpp"
#include "ngx_notify_module/subscribe/receive.hpp"
#include "ngx_notify_module/variables.hpp"
#include "ngx_notify_module/work/consume.hpp"
#include "ngx_notify_module/work/consumers.hpp"
#include "ngx_notify_module/work/finish.hpp"
#include "ngx_notify_module/work/limit.hpp"

namespace notify {
namespace {

constinit auto directives = concat_directives(
    kMainDirectives, kWaitDirectives, kAuthDirectives, kBearerDirectives, kKeyDirectives,
    kHmacDirectives, kMemberDirectives, kMemberTokenDirectives, kOriginDirectives,
    kRequestIdDirectives, kPathDirectives, kCorsDirectives, kContentTypeDirectives,
    kInputDirectives, kErrorsDirectives, kPublishDirectives, kBatchPublishDirectives,
    kSubscribeDirectives, kReceiveDirectives, kHistoryDirectives, kInboxDirectives,
    kAcknowledgeDirectives, kConsumeDirectives, kFinishDirectives, kLimitDirectives,
    kConsumersDirectives, kStatusDirectives, kClearDirectives, kRemindDirectives, kAdminDirectives,
    kOwnershipDirectives, kHealthDirectives, kReturnDirectives, kMetricsDirectives);

template <class Feature>
Result<void> merge(const MergeScope& scope, const LocConf& parent) {
  Feature& own = scope.conf->get<Feature>();
  if constexpr (requires { own.merge(scope, parent.get<Feature>()); }) {
    return own.merge(scope, parent.get<Feature>());
  } else {
    own.merge(parent.get<Feature>());
    return {};
  }
}

template <class... Feature>
void make_all(LocConf& conf, FeatureList<Feature...>) {
  (conf.make<Feature>(), ...);
}

template <class... Feature>
Result<void> merge_all(const MergeScope& scope, const LocConf& parent, FeatureList<Feature...>) {
  Result<void> outcome;
  static_cast<void>(((outcome = merge<Feature>(scope, parent), outcome.ok()) && ...));
  return outcome;
}

// Each log that a request may be written about in.
void note_error_log(const ngx_conf_t* cf, ngx_log_t* log) {
  auto& logs = main_conf<MainConf>(cf)->error_logs;
  if (std::find(logs.begin(), logs.end(), log) == logs.end()) {
    logs.push_back(log);
  }
}

}  // namespace

ngx_command_t* all_directives() { return directives.data(); }

LocConf* create_features(ngx_conf_t* cf) {
  auto conf = std::make_unique<LocConf>();
  make_all(*conf, Features());
  return adopt(cf->pool, std::move(conf));
}

Result<void> merge_features(ngx_conf_t* cf, const LocConf& parent, LocConf& conf) {
  const auto* core = static_cast<const ngx_http_core_loc_conf_t*>(
      ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module));
  note_error_log(cf, core->error_log);
  MergeScope scope;
  scope.cf = cf;
  scope.conf = &conf;
  scope.may_complete = core->name.len == 0 && core->noname == 0;
  scope.same_location = core->noname != 0 && conf.get<OperationsConf>().all.empty();
  conf.inherit_templates(parent);
  const Result<void> outcome = merge_all(scope, parent, Features());
  return outcome ? check_templates(scope) : outcome;
}

}  // namespace notify
