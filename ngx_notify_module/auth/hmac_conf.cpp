#include "ngx_notify_module/auth/hmac_conf.hpp"

#include <algorithm>

#include "ngx_notify_module/conf/loc_conf.hpp"
#include "ngx_notify_module/request/body.hpp"
#include "ngx_notify_module/request/headers.hpp"
#include "ngx_notify_module/request/input.hpp"
#include "ngx_notify_module/request/respond.hpp"
#include "shared/base/secret.hpp"

namespace notify {
namespace {

Result<void> set_header(std::string_view word, std::string_view value, std::string& place) {
  Result<std::string> name = header_name(word, value);
  if (!name) {
    return name.error();
  }
  place = std::move(*name);
  return {};
}

Result<void> set_parameter(std::string_view word, HmacConf::Rule& conf) {
  if (const auto value = parameter(word, "signature")) {
    return set_header(word, *value, conf.signature);
  }
  if (const auto value = parameter(word, "timestamp")) {
    return set_header(word, *value, conf.timestamp);
  }
  if (const auto value = parameter(word, "prefix")) {
    conf.rule.prefix = *value;
    return {};
  }
  if (const auto value = parameter(word, "message")) {
    conf.rule.message = *value;
    return check_message(*value) ? Result<void>() : Result<void>(bad_parameter(word));
  }
  if (const auto value = parameter(word, "window")) {
    const Result<ngx_msec_t> time = parse_time(*value);
    if (!time || *time % 1000 != 0) {
      return bad_parameter(word);
    }
    conf.rule.window = std::chrono::seconds(*time / 1000);
    return {};
  }
  return bad_parameter(word);
}

std::optional<std::string_view> header_once(const ngx_http_request_t* r, std::string_view name) {
  const HeaderValue header = find_header(r, name);
  return header.repeated ? std::nullopt : header.value;
}

// As ngx_http_mirror_module does it: the phases go on inside of this call, and the request's
// reference for the body is given back by who began to read.
void on_body(ngx_http_request_t* r) noexcept {
  r->preserve_body = 1;
  r->write_event_handler = ngx_http_core_run_phases;
  ngx_http_core_run_phases(r);
}

}  // namespace

void HmacConf::merge(const HmacConf& parent) {
  if (!rule) {
    rule = parent.rule;
  }
}

Result<void> set_hmac(ngx_conf_t*, Words words, HmacConf& conf) {
  if (conf.rule) {
    return is_duplicate();
  }
  HmacConf::Rule hmac;
  const bool optional = std::find(words.begin(), words.end(), "optional") != words.end();
  Result<std::string> secret = resolve_secret(words[0]);
  if (secret) {
    hmac.rule.secret = std::move(*secret);
  } else if (!optional) {
    return secret.error();
  }
  for (const std::string_view word : words.subspan(1)) {
    if (word == "optional") {
      continue;
    }
    if (const Result<void> outcome = set_parameter(word, hmac); !outcome) {
      return outcome;
    }
  }
  conf.rule = std::move(hmac);
  return {};
}

bool has_body(const ngx_http_request_t* r) {
  return r->request_body != nullptr || r->discard_body != 0;
}

ngx_int_t read_body_in_phase(ngx_http_request_t* r, std::size_t most) {
  if (r->headers_in.content_length_n > static_cast<off_t>(most)) {
    return fail(r, body_too_large());
  }
  return read_body(r, on_body);
}

Result<void> check_hmac(ngx_http_request_t* r, const HmacConf::Rule& conf, std::size_t most) {
  const Result<std::string> body = gather_body(r, most);
  if (!body) {
    return body.error();
  }
  return verify(conf.rule, {header_once(r, conf.timestamp), header_once(r, conf.signature), *body},
                ngx_time());
}

}  // namespace notify
