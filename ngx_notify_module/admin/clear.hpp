#pragma once

// notify_clear: empties named streams; key and groups stay, pending entries are acknowledged.

#include <array>
#include <vector>

#include "ngx_notify_module/admin/labels.hpp"
#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct ClearConf {
  std::vector<LabelledKey> streams;

  Result<void> merge(const MergeScope& scope, const ClearConf& parent);
};

Result<void> set_clear(ngx_conf_t* cf, Words words, ClearConf& conf);

inline constexpr std::array kClearDirectives{
    directive<"notify_clear", &set_clear>(kLocation | NGX_CONF_TAKE2),
};

}  // namespace notify
