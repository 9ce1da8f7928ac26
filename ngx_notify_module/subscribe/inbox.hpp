#pragma once

// notify_inbox: what one consumer has not acknowledged, and then what comes, to one client.

#include <array>
#include <optional>
#include <string>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/redis/schema.hpp"

namespace notify {

// Whose inbox it is, by a request.
struct InboxNames {
  std::string stream;
  std::string group;
  std::string consumer;
};

// Evaluated and checked. kInternal: out of memory.
Result<InboxNames> read_inbox_names(ngx_http_request_t* r, Template* key, Template* group,
                                    Template* consumer);

struct InboxConf {
  Template* key = nullptr;  // the stream; set by the operation, as the others
  Template* group = nullptr;
  Template* consumer = nullptr;
  ngx_msec_t expire = redis::kInboxKept;  // without use; 0: never

  Result<void> merge(const MergeScope& scope, const InboxConf& parent);
};

Result<void> set_inbox(ngx_conf_t* cf, Words words, InboxConf& conf);

inline constexpr std::array kInboxDirectives{
    directive<"notify_inbox", &set_inbox>(kLocation | NGX_CONF_TAKE3 | NGX_CONF_TAKE4),
};

}  // namespace notify
