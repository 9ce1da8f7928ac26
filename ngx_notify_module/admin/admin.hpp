#pragma once

// notify_admin: looks after the streams of the database. Those of others (ownership.hpp) are as
// good as absent.

#include <array>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct AdminConf {
  std::vector<Template*> stream_keys;  // of each `notify_admin stream`

  Result<void> merge(const MergeScope& scope, const AdminConf& parent);
};

Result<void> set_admin(ngx_conf_t* cf, Words words, AdminConf& conf);

inline constexpr std::array kAdminDirectives{
    directive<"notify_admin", &set_admin>(kLocation | NGX_CONF_TAKE12),
};

}  // namespace notify
