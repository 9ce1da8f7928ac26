#include "ngx_notify_module/subscribe/stay.hpp"

#include <utility>

#include "ngx_notify_module/auth/proof.hpp"
#include "ngx_notify_module/ngx/entry.hpp"
#include "ngx_notify_module/request/body.hpp"
#include "ngx_notify_module/request/context.hpp"
#include "ngx_notify_module/request/respond.hpp"

namespace notify {
namespace {

template <void (Outlet::*kEvent)()>
void on_event(ngx_http_request_t* r) {
  Context* context = find_context(r);
  if (context != nullptr && context->attachment != nullptr) {
    (static_cast<Stay&>(*context->attachment).outlet().*kEvent)();
  }
}

}  // namespace

Context* context_to_stay(ngx_http_request_t* r) {
  return r == r->main ? ensure_context(r) : nullptr;
}

WayOut open_way(ngx_http_request_t* r) {
  forget_body(r);  // what came in chunks was read to be measured
  // Also of a HEAD: what is left unread would be taken for the next request.
  const ngx_int_t discarded = ngx_http_discard_request_body(r);
  if (discarded != NGX_OK) {
    return {nullptr, discarded};
  }
  if (r->discard_body) {  // and behind a late one nginx would not see that the client leaves
    return {nullptr, fail(r, invalid("A stream is asked for without a body"))};
  }
  if (r->method == NGX_HTTP_HEAD) {
    return {nullptr, send_stream_head(r)};
  }
  OutChain* out = adopt(r->pool, std::make_unique<OutChain>(r));
  if (out == nullptr) {
    return {nullptr, NGX_HTTP_INTERNAL_SERVER_ERROR};
  }
  const ngx_int_t parked = park(r);
  return {parked == NGX_DONE ? out : nullptr, parked};
}

void stay(ngx_http_request_t* r, std::unique_ptr<Stay> made, std::unique_ptr<WebSocket> socket) {
  Context& context = *find_context(r);
  Outlet& outlet = made->outlet();
  context.attachment = std::move(made);
  r->write_event_handler = entry<&on_event<&Outlet::on_writable>>;
  if (socket != nullptr) {
    r->read_event_handler = entry<&on_event<&Outlet::on_readable>>;
    outlet.speak(std::move(socket));
  }
  if (const auto left = ms_to_expiry(context)) {
    outlet.expire_in(*left);
  }
  watch_proof(r, context, [&outlet] { outlet.revoke(); });
}

}  // namespace notify
