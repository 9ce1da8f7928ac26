#pragma once

// notify_acknowledge: entries of an inbox are done, and come no more.

#include <array>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct AcknowledgeConf {
  Template* id = nullptr;   // one of these two
  Template* ids = nullptr;  // a JSON array of them
  Template* key = nullptr;
  Template* group = nullptr;
  Template* consumer = nullptr;

  Result<void> merge(const MergeScope& scope, const AcknowledgeConf& parent);
};

Result<void> set_acknowledge(ngx_conf_t* cf, Words words, AcknowledgeConf& conf);

inline constexpr std::array kAcknowledgeDirectives{
    directive<"notify_acknowledge", &set_acknowledge>(kLocation | NGX_CONF_TAKE4),
};

}  // namespace notify
