#pragma once

// notify_metrics: the counters of all nginx workers and what named work queues have still to do, in
// Prometheus' text format.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct MetricsConf {
  struct Queue {
    std::string stream;
    std::string group;
  };
  std::optional<bool> sum;    // one series for all workers, instead of one for each
  std::vector<Queue> queues;  // that Redis is asked about
  Result<void> merge(const MergeScope& scope, const MetricsConf& parent);
};

Result<void> set_metrics(ngx_conf_t* cf, Words words, MetricsConf& conf);
Result<void> set_metrics_queue(ngx_conf_t* cf, Words words, MetricsConf& conf);

inline constexpr std::array kMetricsDirectives{
    directive<"notify_metrics", &set_metrics>(kLocation | NGX_CONF_NOARGS | NGX_CONF_TAKE1),
    directive<"notify_metrics_queue", &set_metrics_queue>(kHttpServerLocation | NGX_CONF_TAKE2),
};

}  // namespace notify
