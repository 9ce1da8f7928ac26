#pragma once

// notify_consume: a client as one consumer of a work queue, over SSE, and what refines it.

#include <array>
#include <cstdint>
#include <optional>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify {

// What notify_max_limit may say at most.
inline constexpr std::uint64_t kLargestLimit = 1'000'000;

struct ConsumeConf {
  Template* key = nullptr;  // the stream; set by the operation, as the others
  Template* group = nullptr;
  Template* consumer = nullptr;  // null: each gets a name of its own
  Template* limit = nullptr;     // null: 1

  std::optional<ngx_msec_t> ack_timeout;
  std::optional<std::uint64_t> max_deliveries;  // 0: any number
  std::optional<std::uint64_t> max_limit;

  Result<void> merge(const MergeScope& scope, const ConsumeConf& parent);
  [[nodiscard]] redis::QueueSettings settings() const { return {*ack_timeout, *max_deliveries}; }
};

// How many entries a consumer may have in flight, as a client says it: digits, up to max_limit.
Result<std::uint64_t> parse_limit(std::string_view text, const ConsumeConf& conf);

Result<void> set_consume(ngx_conf_t* cf, Words words, ConsumeConf& conf);
Result<void> set_ack_timeout(ngx_conf_t* cf, Words words, ConsumeConf& conf);
Result<void> set_max_deliveries(ngx_conf_t* cf, Words words, ConsumeConf& conf);
Result<void> set_max_limit(ngx_conf_t* cf, Words words, ConsumeConf& conf);

inline constexpr std::array kConsumeDirectives{
    directive<"notify_consume", &set_consume>(kLocation | NGX_CONF_TAKE23 | NGX_CONF_TAKE4),
    directive<"notify_ack_timeout", &set_ack_timeout>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_max_deliveries", &set_max_deliveries>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_max_limit", &set_max_limit>(kHttpServerLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
