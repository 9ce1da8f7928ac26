#pragma once

// notify_limit: how many entries each consumer of a work queue that is connected now, on any node,
// may have in flight.

#include <array>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct LimitConf {
  Template* stream = nullptr;
  Template* group = nullptr;
  Template* count = nullptr;

  Result<void> merge(const MergeScope& scope, const LimitConf& parent);
};

Result<void> set_limit(ngx_conf_t* cf, Words words, LimitConf& conf);

inline constexpr std::array kLimitDirectives{
    directive<"notify_limit", &set_limit>(kLocation | NGX_CONF_TAKE3),
};

}  // namespace notify
