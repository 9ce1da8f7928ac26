#include "ngx_notify_module/request/ownership.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/wire/name_pattern.hpp"
#include "shared/redis/schema.hpp"

namespace notify {

bool OwnershipConf::lists(std::string_view name) const {
  return std::any_of(except.begin(), except.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, name); });
}

bool OwnershipConf::is_foreign(std::string_view name) const {
  return name.starts_with(redis::kOwnKeys) || lists(name);
}

void OwnershipConf::merge(const OwnershipConf& parent) { inherit(except, parent.except); }

Result<void> set_stream_except(ngx_conf_t*, Words words, OwnershipConf& conf) {
  for (const std::string_view word : words) {
    if (word.empty()) {
      return bad_value(word);
    }
    conf.except.emplace_back(word);
  }
  return {};
}

}  // namespace notify
