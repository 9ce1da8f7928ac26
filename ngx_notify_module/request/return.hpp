#pragma once

// notify_return: a fixed answer in the location's error shape, after authentication and validation:
// what `return` would be, had it manners.

#include <array>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct ReturnConf {
  struct Answer {
    ngx_uint_t status = 0;
    Template* text = nullptr;
  };
  std::vector<Answer> all;

  Result<void> merge(const MergeScope& scope, const ReturnConf& parent);
};

Result<void> set_return(ngx_conf_t* cf, Words words, ReturnConf& conf);

inline constexpr std::array kReturnDirectives{
    directive<"notify_return", &set_return>(kLocation | NGX_CONF_TAKE123),
};

}  // namespace notify
