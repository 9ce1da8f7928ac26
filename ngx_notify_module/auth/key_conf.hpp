#pragma once

// notify_key and notify_auth_failures: where keys come from, and where it stands which are good.

#include <array>
#include <optional>
#include <string>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct KeySource {
  std::size_t store = 0;  // its place in MainConf's list
  std::string header;     // lower case; empty: `Authorization: Bearer KEY`
  std::string argument;   // of the query, asked where the header is not there; empty: none
};

struct KeyConf {
  std::optional<KeySource> source;
  std::optional<std::uint64_t> failures;  // of one address in a minute; 0: any number

  void merge(const KeyConf& parent);
};

Result<void> set_key(ngx_conf_t* cf, Words words, KeyConf& conf);
Result<void> set_auth_failures(ngx_conf_t* cf, Words words, KeyConf& conf);

inline constexpr std::array kKeyDirectives{
    directive<"notify_key", &set_key>(kHttpServerLocation | NGX_CONF_1MORE),
    directive<"notify_auth_failures", &set_auth_failures>(kHttpServerLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
