#pragma once

// notify_bearer: the tokens of `Authorization: Bearer TOKEN` that are right.

#include <array>
#include <optional>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/auth/bearer.hpp"

namespace notify {

struct BearerConf {
  std::optional<BearerRule> rule;

  void merge(const BearerConf& parent);
};

Result<void> set_bearer(ngx_conf_t* cf, Words words, BearerConf& conf);

inline constexpr std::array kBearerDirectives{
    directive<"notify_bearer", &set_bearer>(kHttpServerLocation | NGX_CONF_1MORE),
};

}  // namespace notify
