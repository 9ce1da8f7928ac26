#pragma once

// notify_origin: of which web pages a location takes requests. A browser sends what it has (a
// password that it remembers, a cookie) along with the requests of any page; the page's origin is
// the one thing that the page cannot choose.

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct OriginConf {
  struct Rule {
    bool any = true;
    bool local = false;  // the server's own only under a name that nobody can move to it
    std::vector<std::string> listed;  // besides the server's own
  };
  std::optional<Rule> rule;

  void merge(const OriginConf& parent);
};

Result<void> set_origin(ngx_conf_t* cf, Words words, OriginConf& conf);

inline constexpr std::array kOriginDirectives{
    directive<"notify_origin", &set_origin>(kHttpServerLocation | NGX_CONF_1MORE),
};

// Before anything else is looked at. kForbidden: a page of another origin asks.
Result<void> check_origin(ngx_http_request_t* r, const OriginConf::Rule& rule);

}  // namespace notify
