#pragma once

// Settings of a location (and of the server{} and http{} blocks that it inherits from): what each
// feature owns, side by side.

#include <memory>
#include <optional>

#include "ngx_notify_module/auth/auth_conf.hpp"
#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/conf/operation.hpp"
#include "ngx_notify_module/handlers/clear.hpp"
#include "ngx_notify_module/handlers/health.hpp"
#include "ngx_notify_module/handlers/intake.hpp"
#include "ngx_notify_module/handlers/publish.hpp"
#include "ngx_notify_module/handlers/respond.hpp"
#include "ngx_notify_module/handlers/return.hpp"
#include "ngx_notify_module/handlers/status.hpp"
#include "ngx_notify_module/stream/subscribe_conf.hpp"

namespace notify {

struct LocConf {
  OperationsConf operations;
  std::optional<ngx_msec_t> redis_wait;  // how long a request waits for a Redis that is away

  AuthConf auth;
  IntakeConf intake;
  ErrorsConf errors;

  PublishConf publish;
  SubscribeConf subscribe;
  StatusConf status;
  ClearConf clear;
  ReturnConf answers;

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
