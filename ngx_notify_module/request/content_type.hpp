#pragma once

// notify_content_type: of which media types a body must be. A page of any origin can send a form or
// plain text without being asked; for anything else its browser asks first (Fetch, "CORS-safelisted
// request-header").

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct ContentTypeConf {
  std::optional<std::vector<std::string>> types;  // in lower case; none: any

  void merge(const ContentTypeConf& parent);
};

Result<void> set_content_type(ngx_conf_t* cf, Words words, ContentTypeConf& conf);

inline constexpr std::array kContentTypeDirectives{
    directive<"notify_content_type", &set_content_type>(kHttpServerLocation | NGX_CONF_1MORE),
};

bool content_type_matches(const ngx_http_request_t* r, const ContentTypeConf& conf);
ngx_int_t refuse_content_type(ngx_http_request_t* r, const ContentTypeConf& conf);

}  // namespace notify
