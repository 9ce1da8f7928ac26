#pragma once

// The module's shared memory: the one place that asks nginx for it. A zone outlives reloads; who
// uses it keeps one root in it and allocates the rest from the slab.
//
// Made while the configuration is read; who lives as long as the process takes a copy then, which
// is but a handle. A zone whose size was changed is a new one, and what the old one held is
// forgotten.

#include <cstddef>
#include <string_view>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"

namespace notify {

class Zone {
 public:
  // Makes the root of a zone that has none, before there are workers. False: nginx does not start.
  using Prepare = bool (*)(Zone& zone);

  // The same for each call with that name in a cycle. Lives in the configuration's pool.
  static Result<Zone*> add(ngx_conf_t* cf, std::string_view name, std::size_t bytes,
                           Prepare prepare = nullptr);

  // Under the zone's lock; without Prepare the first time with root() == nullptr.
  template <class Work>
  auto locked(Work&& work) const {
    const Lock lock(slab_);
    return work();
  }
  // Inside of locked(). Zeroed, and aligned to its size where that is a power of two. Null: full.
  void* allocate(std::size_t bytes) { return ngx_slab_calloc_locked(slab_, bytes); }
  void release(void* memory) { ngx_slab_free_locked(slab_, memory); }
  [[nodiscard]] void* root() const { return slab_->data; }
  void set_root(void* root) { slab_->data = root; }

 private:
  class Lock {
   public:
    explicit Lock(ngx_slab_pool_t* slab) : slab_(slab) { ngx_shmtx_lock(&slab->mutex); }
    ~Lock() { ngx_shmtx_unlock(&slab_->mutex); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    ngx_slab_pool_t* slab_;
  };

  static ngx_int_t init(ngx_shm_zone_t* zone, void* old);

  ngx_slab_pool_t* slab_;
  Prepare prepare_;
};

}  // namespace notify
