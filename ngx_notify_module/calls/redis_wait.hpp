#pragma once

// notify_redis_wait: how long a request waits for a Redis that is away.

#include <array>
#include <optional>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct WaitConf {
  std::optional<ngx_msec_t> wait;

  void merge(const WaitConf& parent);
};

Result<void> set_redis_wait(ngx_conf_t* cf, Words words, WaitConf& conf);

inline constexpr std::array kWaitDirectives{
    directive<"notify_redis_wait", &set_redis_wait>(kHttpServerLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
