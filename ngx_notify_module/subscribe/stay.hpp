#pragma once

// How a request begins to stay: what the operations share whose answer lasts for as long as its
// client likes.

#include <memory>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/stream/out_chain.hpp"
#include "ngx_notify_module/stream/outlet.hpp"
#include "ngx_notify_module/stream/web_socket.hpp"

namespace notify {

// What serves the request: its outlet, with what that one points at.
class Stay : public Attachment {
 public:
  virtual Outlet& outlet() = 0;
};

struct WayOut {
  OutChain* chain = nullptr;     // null: there is to be none,
  ngx_int_t outcome = NGX_DONE;  // and that is for the content handler to return
};

// For a request whose answer never ends. Null: it is for a part of another one, where that cannot
// be, or memory ran out.
Context* context_to_stay(ngx_http_request_t* r);

// The body is of no use, a HEAD gets its head, and whoever is left is parked.
WayOut open_way(ngx_http_request_t* r);

// The request is kept by `made` from here on, for as long as the client may stay. Null: server-sent
// events.
void stay(ngx_http_request_t* r, std::unique_ptr<Stay> made,
          std::unique_ptr<WebSocket> socket = nullptr);

}  // namespace notify
