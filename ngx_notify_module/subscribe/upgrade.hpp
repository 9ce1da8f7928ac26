#pragma once

// Whether a client that asks for a stream gets a WebSocket (RFC 6455, section 4.2).

#include <memory>
#include <optional>

#include "ngx_notify_module/conf/directive.hpp"
#include "ngx_notify_module/hub/sink.hpp"
#include "ngx_notify_module/stream/open_format.hpp"
#include "ngx_notify_module/stream/web_socket.hpp"

namespace notify {

struct Upgrade {
  std::unique_ptr<WebSocket> socket;  // null: it gets server-sent events
  std::optional<ngx_int_t> refusal;   // was answered: for the content handler to return
};

// Before anything of a body is thrown away. A HEAD gets the head of the events; who asks for a
// WebSocket by HTTP/1.0 or HTTP/2 asks for nothing: there it has no meaning (RFC 9110, section 7.8;
// RFC 9113, section 8.6).
Upgrade upgrade_of(ngx_http_request_t* r, const LocConf& conf);

const hub::Format& format_of(const LocConf& conf, const Upgrade& upgrade);
// Of a client that has several streams.
const OpenFormat& open_format_of(const LocConf& conf, const Upgrade& upgrade);

}  // namespace notify
