#pragma once

// notify_health: is this nginx worker alive; is it of use (Redis
// reachable both ways, and taking writes)?

#include <array>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/request/operation.hpp"

namespace notify {

Result<void> set_health(ngx_conf_t* cf, Words words, OperationsConf& conf);

inline constexpr std::array kHealthDirectives{
    directive<"notify_health", &set_health>(kLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
