#pragma once

// notify_cors: which pages of other origins may use a location (Fetch, "CORS protocol"). Browsers
// ask before they send what a form could not: that is answered here, before anybody is asked for a
// token, since a browser sends none with it. Every answer of the location says whether the page may
// read it, whoever gives that answer.

#include <array>
#include <memory>

#include "ngx_notify_module/conf/directive.hpp"

namespace notify {

struct CorsPolicy;  // in cors.cpp

struct CorsConf {
  bool said = false;
  std::shared_ptr<const CorsPolicy> policy;  // null: off

  void merge(const CorsConf& parent);
};

Result<void> set_cors(ngx_conf_t* cf, Words words, CorsConf& conf);

inline constexpr std::array kCorsDirectives{
    directive<"notify_cors", &set_cors>(kHttpServerLocation | NGX_CONF_1MORE),
};

// In the preaccess phase.
ngx_int_t answer_preflight(ngx_http_request_t* r);

// For each head that is sent (ngx/last_filters.hpp).
ngx_int_t add_cors_headers(ngx_http_request_t* r);

}  // namespace notify
