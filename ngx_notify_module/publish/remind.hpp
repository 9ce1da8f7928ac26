#pragma once

// notify_remind: makes the reminders that are due now, of notifications that wait for somebody
// (shared/redis/schema_notices.hpp). notify-worker makes them by itself, too; whoever comes first
// makes one, and the workers deliver it.

#include <array>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct RemindConf {
  struct Ward {
    std::string environment;
    std::string stream;
    ngx_msec_t after = 10 * 60 * 1000;  // between two reminders of one notification
    std::uint64_t most = 0;             // of one notification; 0: until it is resolved
  };
  std::vector<Ward> wards;

  Result<void> merge(const MergeScope& scope, const RemindConf& parent);
};

Result<void> set_remind(ngx_conf_t* cf, Words words, RemindConf& conf);

inline constexpr std::array kRemindDirectives{
    directive<"notify_remind", &set_remind>(kLocation | NGX_CONF_TAKE23 | NGX_CONF_TAKE4),
};

}  // namespace notify
