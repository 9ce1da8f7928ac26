#pragma once

// notify_path: which paths a location serves, and the names in them, by what the client sent and
// not by what nginx made of it: nginx decodes %2F, resolves `..` and merges slashes before it looks
// for a location.

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/wire/path_pattern.hpp"

namespace notify {

struct PathConf {
  struct Rule {
    PathPattern pattern;
    std::string refusal;  // the text of the 404
  };
  std::optional<Rule> rule;

  void merge(const PathConf& parent);
};

Result<void> set_path(ngx_conf_t* cf, Words words, PathConf& conf);

inline constexpr std::array kPathDirectives{
    directive<"notify_path", &set_path>(kLocation | NGX_CONF_TAKE123),
};

// Where the location has no pattern every path is right.
bool path_matches(ngx_http_request_t* r);
ngx_int_t refuse_path(ngx_http_request_t* r);

// A name of the path, decoded: any bytes. nullopt where the location's pattern has no such name, or
// the path is another one.
std::optional<std::string> path_name(ngx_http_request_t* r, std::string_view name);

}  // namespace notify
