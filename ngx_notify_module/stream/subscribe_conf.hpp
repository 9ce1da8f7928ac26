#pragma once

// notify_subscribe and what refines it: how a location's streams look and behave.

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/hub/bytes.hpp"
#include "ngx_notify_module/stream/sse_format.hpp"

namespace notify {

struct Opening {
  std::string name;
  std::string data;
};

struct Keepalive {
  ngx_msec_t interval = 0;  // 0: none
  std::string text;
};

struct SubscribeConf {
  Template* key = nullptr;  // the stream; set by the operation
  std::shared_ptr<SseFormat> format;
  std::optional<Opening> opening;
  std::optional<ngx_msec_t> retry;  // 0: not said
  std::optional<Keepalive> keepalive;
  std::optional<ngx_msec_t> send_timeout;

  // Made of these, once.
  hub::BytesRef first_frame;  // empty: nothing to say
  hub::BytesRef heartbeat;

  Result<void> merge(const MergeScope& scope, const SubscribeConf& parent);
};

// In handlers/subscribe.cpp, which knows what a location is.
Result<void> set_subscribe(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_event(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_open(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_retry(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_keepalive(ngx_conf_t* cf, Words words, LocConf& conf);
Result<void> set_send_timeout(ngx_conf_t* cf, Words words, LocConf& conf);

inline constexpr std::array kSubscribeDirectives{
    directive<"notify_subscribe", &set_subscribe>(kLocation | NGX_CONF_1MORE),
    directive<"notify_event", &set_event>(kHttpServerLocation | NGX_CONF_1MORE),
    directive<"notify_open", &set_open>(kHttpServerLocation | NGX_CONF_TAKE2),
    directive<"notify_retry", &set_retry>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_keepalive", &set_keepalive>(kHttpServerLocation | NGX_CONF_TAKE12),
    directive<"notify_send_timeout", &set_send_timeout>(kHttpServerLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
