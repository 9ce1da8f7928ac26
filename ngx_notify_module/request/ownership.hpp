#pragma once

// notify_stream_except: streams that belong to somebody else. No operation of the location takes
// one of their names from a request, and for notify_admin they are as good as absent.

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct OwnershipConf {
  std::vector<std::string> except;  // patterns of names

  [[nodiscard]] bool lists(std::string_view name) const;
  // The product's own keys are foreign everywhere.
  [[nodiscard]] bool is_foreign(std::string_view name) const;
  void merge(const OwnershipConf& parent);
};

Result<void> set_stream_except(ngx_conf_t* cf, Words words, OwnershipConf& conf);

inline constexpr std::array kOwnershipDirectives{
    directive<"notify_stream_except", &set_stream_except>(kHttpServerLocation | NGX_CONF_1MORE),
    // Its name when only notify_admin looked at it.
    directive<"notify_admin_except", &set_stream_except>(kHttpServerLocation | NGX_CONF_1MORE),
};

}  // namespace notify
