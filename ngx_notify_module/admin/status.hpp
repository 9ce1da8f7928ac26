#pragma once

// notify_status: figures of named streams, as one JSON object.

#include <array>
#include <vector>

#include "ngx_notify_module/admin/labels.hpp"
#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct StatusConf {
  struct Stream {
    LabelledKey name;
    Template* group = nullptr;  // whose pending entries are counted; null: none
  };
  std::vector<Stream> streams;

  Result<void> merge(const MergeScope& scope, const StatusConf& parent);
};

Result<void> set_status(ngx_conf_t* cf, Words words, StatusConf& conf);

inline constexpr std::array kStatusDirectives{
    directive<"notify_status", &set_status>(kLocation | NGX_CONF_TAKE23),
};

}  // namespace notify
