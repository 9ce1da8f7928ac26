#pragma once

// notify_subscribe and what refines it: how a location's streams look and behave.

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ngx_notify_module/base/bytes.hpp"
#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/stream/message_format.hpp"
#include "ngx_notify_module/stream/sse_format.hpp"

namespace notify {

struct Opening {
  std::string name;
  std::string data;
};

struct Keepalive {
  ngx_msec_t interval = 0;  // 0: none
  std::string text;
  bool at_once = false;  // the first one comes with the head
};

// What a new subscriber gets of what was before.
struct Replay {
  unsigned count = 0;  // 0: nothing
  ngx_msec_t age = 0;  // 0: of any age
};

// Of those who ask for a WebSocket.
struct WebSocketConf {
  bool enabled = true;  // else they get server-sent events
  message::Shape shape = message::Shape::kEnvelope;
  std::vector<std::string> protocols;  // subprotocols that are agreed to
};

struct SubscribeConf {
  std::vector<Template*> streams;  // their names; set by the operation
  std::shared_ptr<SseFormat> format;
  std::optional<Replay> replay;
  std::optional<Opening> opening;
  std::optional<ngx_msec_t> retry;  // 0: not said
  std::optional<Keepalive> keepalive;
  std::optional<ngx_msec_t> send_timeout;
  std::optional<WebSocketConf> websocket;
  std::optional<ngx_msec_t> pong_timeout;
  std::optional<ngx_msec_t> message_timeout;

  // Made of these, once.
  std::shared_ptr<const SseOpenFormat> open_format;
  BytesRef first_frame;  // empty: nothing to say
  BytesRef heartbeat;
  BytesRef later_heartbeat;  // once an event has been sent
  std::shared_ptr<const MessageFormat> message_format;
  std::shared_ptr<const OpenMessageFormat> open_message_format;
  BytesRef first_message;  // of a WebSocket; empty: nothing to say

  Result<void> merge(const MergeScope& scope, const SubscribeConf& parent);
};

// In subscribe/subscribe.cpp, which knows what a location is.
Result<void> set_subscribe(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_event(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_open(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_replay(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_retry(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_keepalive(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_send_timeout(ngx_conf_t* cf, Words words, SubscribeConf& conf);
// In subscribe/upgrade.cpp.
Result<void> set_websocket(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_pong_timeout(ngx_conf_t* cf, Words words, SubscribeConf& conf);
Result<void> set_message_timeout(ngx_conf_t* cf, Words words, SubscribeConf& conf);

inline constexpr std::array kSubscribeDirectives{
    directive<"notify_subscribe", &set_subscribe>(kLocation | NGX_CONF_1MORE),
    directive<"notify_event", &set_event>(kHttpServerLocation | NGX_CONF_1MORE),
    directive<"notify_open", &set_open>(kHttpServerLocation | NGX_CONF_TAKE2),
    directive<"notify_replay", &set_replay>(kHttpServerLocation | NGX_CONF_TAKE12),
    directive<"notify_retry", &set_retry>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_keepalive", &set_keepalive>(kHttpServerLocation | NGX_CONF_TAKE123),
    directive<"notify_send_timeout", &set_send_timeout>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_websocket", &set_websocket>(kHttpServerLocation | NGX_CONF_1MORE),
    directive<"notify_pong_timeout", &set_pong_timeout>(kHttpServerLocation | NGX_CONF_TAKE1),
    directive<"notify_message_timeout", &set_message_timeout>(kHttpServerLocation | NGX_CONF_TAKE1),
};

}  // namespace notify
