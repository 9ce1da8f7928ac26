#pragma once

// notify_publish_batch: each element of an array that the request brings becomes one entry of a
// stream, all of them in one step or none. Entry, retention and answer are said as for
// notify_publish.

#include <array>
#include <optional>
#include <string>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct BatchPublishConf {
  Template* key = nullptr;                 // the stream; set by the operation
  std::string field;                       // the array's name
  std::size_t rule = 0;                    // its rule
  std::optional<std::uint64_t> max_batch;  // elements

  Result<void> merge(const MergeScope& scope, const BatchPublishConf& parent);
};

Result<void> set_publish_batch(ngx_conf_t* cf, Words words, BatchPublishConf& conf);
Result<void> set_max_batch(ngx_conf_t* cf, Words words, BatchPublishConf& conf);

inline constexpr std::array kBatchPublishDirectives{
    directive<"notify_publish_batch", &set_publish_batch>(kLocation | NGX_CONF_TAKE2 |
                                                          NGX_CONF_TAKE3 | NGX_CONF_TAKE4),
    directive<"notify_max_batch", &set_max_batch>(kHttpServerLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
