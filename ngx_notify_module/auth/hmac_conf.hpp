#pragma once

// notify_hmac: how requests are signed whose signature covers their body.

#include <array>
#include <optional>
#include <string>

#include "ngx_notify_module/conf/directive.hpp"
#include "shared/auth/body_signature.hpp"

namespace notify {

struct HmacConf {
  struct Rule {
    BodySignatureRule rule;
    // Names of the headers, in lower case.
    std::string signature = "x-signature";
    std::string timestamp = "x-timestamp";
  };
  std::optional<Rule> rule;

  void merge(const HmacConf& parent);
};

Result<void> set_hmac(ngx_conf_t* cf, Words words, HmacConf& conf);

inline constexpr std::array kHmacDirectives{
    directive<"notify_hmac", &set_hmac>(kHttpServerLocation | NGX_CONF_1MORE),
};

// Whether the request's body has been read (or thrown away, before an internal redirect): until
// then nothing can be said.
bool has_body(const ngx_http_request_t* r);

// Reads it, then has nginx run its phases again. What it returns is for the access phase's handler
// to return; a body that is too large is refused here.
ngx_int_t read_body_in_phase(ngx_http_request_t* r, std::size_t most);

Result<void> check_hmac(ngx_http_request_t* r, const HmacConf::Rule& conf, std::size_t most);

}  // namespace notify
