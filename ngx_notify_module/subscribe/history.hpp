#pragma once

// notify_history: a page of a stream as JSON, its entries shown as subscribers see them.

#include <array>
#include <optional>
#include <string>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct HistoryConf {
  Template* key = nullptr;  // the stream; set by the operation
  std::uint64_t count = 50;
  std::uint64_t max = 1000;
  std::string field;  // which must have `value`; empty: all entries
  std::string value;

  Result<void> merge(const MergeScope& scope, const HistoryConf& parent);
};

Result<void> set_history(ngx_conf_t* cf, Words words, HistoryConf& conf);

inline constexpr std::array kHistoryDirectives{
    directive<"notify_history", &set_history>(kLocation | NGX_CONF_1MORE),
};

}  // namespace notify
