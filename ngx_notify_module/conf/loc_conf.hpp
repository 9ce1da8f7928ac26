#pragma once

// Settings of a location (and of the server{} and http{} blocks that it inherits from): what each
// feature owns, side by side.

#include <memory>
#include <optional>

#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/conf/operation.hpp"
#include "ngx_notify_module/handlers/acknowledge.hpp"
#include "ngx_notify_module/handlers/admin.hpp"
#include "ngx_notify_module/handlers/clear.hpp"
#include "ngx_notify_module/handlers/consume.hpp"
#include "ngx_notify_module/handlers/consumers.hpp"
#include "ngx_notify_module/handlers/content_type.hpp"
#include "ngx_notify_module/handlers/cors.hpp"
#include "ngx_notify_module/handlers/finish.hpp"
#include "ngx_notify_module/handlers/health.hpp"
#include "ngx_notify_module/handlers/history.hpp"
#include "ngx_notify_module/handlers/inbox.hpp"
#include "ngx_notify_module/handlers/intake.hpp"
#include "ngx_notify_module/handlers/limit.hpp"
#include "ngx_notify_module/handlers/metrics.hpp"
#include "ngx_notify_module/handlers/ownership.hpp"
#include "ngx_notify_module/handlers/path.hpp"
#include "ngx_notify_module/handlers/publish.hpp"
#include "ngx_notify_module/handlers/publish_batch.hpp"
#include "ngx_notify_module/handlers/receive.hpp"
#include "ngx_notify_module/handlers/remind.hpp"
#include "ngx_notify_module/handlers/request_id.hpp"
#include "ngx_notify_module/handlers/respond.hpp"
#include "ngx_notify_module/handlers/return.hpp"
#include "ngx_notify_module/handlers/status.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"

namespace notify {

struct LocConf {
  OperationsConf operations;
  std::optional<ngx_msec_t> redis_wait;  // how long a request waits for a Redis that is away

  RequestIdConf request_id;
  PathConf path;
  OwnershipConf ownership;
  CorsConf cors;
  ContentTypeConf content_type;
  AuthConf auth;
  IntakeConf intake;
  ErrorsConf errors;

  PublishConf publish;
  BatchPublishConf publish_batch;
  SubscribeConf subscribe;
  HistoryConf history;
  ReceiveConf receive;
  InboxConf inbox;
  AcknowledgeConf acknowledge;
  ConsumeConf consume;
  FinishConf finishing;
  LimitConf limit;
  ConsumersConf consumers;
  StatusConf status;
  ClearConf clear;
  RemindConf remind;
  AdminConf admin;
  ReturnConf answers;
  MetricsConf metrics;

  Result<void> merge(ngx_conf_t* cf, const LocConf& parent);
};

Result<void> set_redis_wait(ngx_conf_t* cf, Words words, LocConf& conf);

inline constexpr std::array kLocationDirectives{
    directive<"notify_redis_wait", &set_redis_wait>(kHttpServerLocation | NGX_CONF_TAKE1),
};

// For create_*_conf: the object dies with the configuration. Null: out of memory.
template <class T>
T* create_conf(ngx_conf_t* cf) {
  return adopt(cf->pool, std::make_unique<T>());
}

}  // namespace notify
