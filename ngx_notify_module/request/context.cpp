#include "ngx_notify_module/request/context.hpp"

#include <algorithm>
#include <cmath>

namespace notify {
namespace {

void destroy(void* data) noexcept { delete static_cast<Context*>(data); }

// Runs when the request ends, by whatever way, and before its connection goes: a client that leaves
// ends here, too. The context itself stays for the log.
void let_go(void* data) noexcept {
  auto* context = static_cast<Context*>(data);
  context->pending.detach();
  context->proof.reset();
  context->attachment.reset();
}

}  // namespace

Context* find_context(ngx_http_request_t* r) {
  auto* context = request_context<Context>(r);
  if (context != nullptr || !r->internal || r->pool == nullptr) {
    return context;
  }
  // nginx clears all contexts at an internal redirect. A subrequest shares the pool.
  for (ngx_pool_cleanup_t* each = r->pool->cleanup; each != nullptr; each = each->next) {
    if (each->handler == destroy && static_cast<Context*>(each->data)->request == r) {
      context = static_cast<Context*>(each->data);
      ngx_http_set_ctx(r, context, ngx_http_notify_module);
      return context;
    }
  }
  return nullptr;
}

std::optional<std::uint64_t> ms_to_expiry(const Context& context) {
  if (!context.expires) {
    return std::nullopt;
  }
  const ngx_time_t* time = ngx_timeofday();
  const double now_ms = static_cast<double>(time->sec) * 1000.0 + static_cast<double>(time->msec);
  return static_cast<std::uint64_t>(std::max(std::ceil(*context.expires * 1000.0 - now_ms), 0.0));
}

Context* ensure_context(ngx_http_request_t* r) {
  if (Context* context = find_context(r)) {
    return context;
  }
  ngx_http_cleanup_t* end = ngx_http_cleanup_add(r, 0);
  ngx_pool_cleanup_t* owner = ngx_pool_cleanup_add(r->pool, 0);
  if (end == nullptr || owner == nullptr) {
    return nullptr;
  }
  auto* context = new Context;
  context->request = r;
  owner->handler = destroy;
  owner->data = context;
  end->handler = let_go;
  end->data = context;
  ngx_http_set_ctx(r, context, ngx_http_notify_module);
  return context;
}

}  // namespace notify
