#pragma once

// notify_consumers: figures of the consumers of a work queue that are connected now, on any node.

#include <array>
#include <string_view>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

// What is answered where there are none (404).
inline constexpr std::string_view kNoConsumers = "No consumers found for this stream/group";

struct ConsumersConf {
  Template* stream = nullptr;
  Template* group = nullptr;

  Result<void> merge(const MergeScope& scope, const ConsumersConf& parent);
};

Result<void> set_consumers(ngx_conf_t* cf, Words words, ConsumersConf& conf);

inline constexpr std::array kConsumersDirectives{
    directive<"notify_consumers", &set_consumers>(kLocation | NGX_CONF_TAKE2),
};

}  // namespace notify
