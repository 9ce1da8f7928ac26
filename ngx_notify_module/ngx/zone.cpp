#include "ngx_notify_module/ngx/zone.hpp"

#include "ngx_notify_module/ngx/entry.hpp"

namespace notify {

Result<Zone*> Zone::add(ngx_conf_t* cf, std::string_view name, std::size_t bytes, Prepare prepare) {
  ngx_str_t text = to_pool(cf->pool, name);
  ngx_shm_zone_t* zone = text.data == nullptr
                             ? nullptr
                             : ngx_shared_memory_add(cf, &text, bytes, &ngx_http_notify_module);
  if (zone == nullptr) {
    return Error{ErrorKind::kInternal, "no shared memory"};
  }
  if (zone->data == nullptr) {
    auto* self = static_cast<Zone*>(ngx_pcalloc(cf->pool, sizeof(Zone)));
    if (self == nullptr) {
      return Error{ErrorKind::kInternal, "out of memory"};
    }
    self->prepare_ = prepare;
    zone->data = self;
    zone->init = entry_or<&init, NGX_ERROR>;
  }
  return static_cast<Zone*>(zone->data);
}

// The memory of the cycle before, and its root, stay where they are.
ngx_int_t Zone::init(ngx_shm_zone_t* zone, void*) {
  auto* self = static_cast<Zone*>(zone->data);
  self->slab_ = reinterpret_cast<ngx_slab_pool_t*>(zone->shm.addr);
  self->slab_->log_nomem = 0;  // its users say what they lack
  const bool has_root = self->prepare_ == nullptr || self->root() != nullptr;
  return has_root || self->locked([self] { return self->prepare_(*self); }) ? NGX_OK : NGX_ERROR;
}

}  // namespace notify
