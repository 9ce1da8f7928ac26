#pragma once

// notify_finish: acknowledges entries of a work queue. By the id alone where it is in flight in one
// group only, by stream and group, and as the consumer that holds them; one or a list.

#include <array>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct FinishConf {
  Template* id = nullptr;        // of one entry; or
  Template* ids = nullptr;       // a JSON list of ids
  Template* stream = nullptr;    // null, or empty in a request: wherever the id is in flight
  Template* group = nullptr;     // with it
  Template* consumer = nullptr;  // null: whoever holds them
  bool remove = false;           // from the stream as well

  Result<void> merge(const MergeScope& scope, const FinishConf& parent);
};

Result<void> set_finish(ngx_conf_t* cf, Words words, FinishConf& conf);

inline constexpr std::array kFinishDirectives{
    directive<"notify_finish", &set_finish>(kLocation | NGX_CONF_1MORE),
};

}  // namespace notify
