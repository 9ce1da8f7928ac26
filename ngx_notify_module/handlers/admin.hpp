#pragma once

// notify_admin: looks after the streams of the database. Those whose names notify_admin_except
// names are as good as absent.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct AdminConf {
  std::vector<std::string> except;     // patterns of names
  std::vector<Template*> stream_keys;  // of each `notify_admin stream`

  [[nodiscard]] bool covers(std::string_view name) const;
  Result<void> merge(const MergeScope& scope, const AdminConf& parent);
};

Result<void> set_admin(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_admin_except(ngx_conf_t* cf, Words words, LocConf& conf);

inline constexpr std::array kAdminDirectives{
    directive<"notify_admin", &set_admin>(kLocation | NGX_CONF_TAKE12),
    directive<"notify_admin_except", &set_admin_except>(kHttpServerLocation | NGX_CONF_1MORE),
};

}  // namespace notify
