#pragma once

// What all nginx workers know together about API keys: which ones were verified, who fails too
// often, and the last store that was good. In shared memory, under one lock, so that a key is
// verified once, and not once in each worker. It outlives reloads, and the secret that keys are
// hidden by with it.

#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/ngx/zone.hpp"
#include "shared/auth/failed_attempts.hpp"
#include "shared/auth/key_file.hpp"
#include "shared/auth/verified_keys.hpp"
#include "shared/base/result.hpp"

namespace notify {

class KeyZone {
 public:
  // While the configuration is read; the same for each call of a cycle.
  static Result<Zone*> add(ngx_conf_t* cf);
  // Of that one, once the cycle has begun.
  explicit KeyZone(const Zone& zone) : zone_(zone) {}

  // That keys are hidden by.
  [[nodiscard]] std::string_view secret() const;
  [[nodiscard]] std::optional<KeyTag> find(const Digest& key);
  void insert(const Digest& key, const KeyTag& tag);

  // The last text of a store that was good: for a worker that begins when it is not. Newer ones
  // replace it, and where there is no room for one nothing is kept: an older one could hold a key
  // that was revoked.
  void keep(std::string_view path, const FileStamp& stamp, std::string_view text);
  [[nodiscard]] std::string kept(std::string_view path);  // empty: none

  // How long nobody at that address may try another key; 0: he may.
  [[nodiscard]] std::uint64_t wait_ms(std::string_view address, std::uint64_t limit);
  // The same for keys of that user, which may be tried from an address without a failure all the
  // same: nobody is locked out by others.
  [[nodiscard]] std::uint64_t wait_ms(std::string_view address, std::string_view user,
                                      std::uint64_t limit);
  void failed(std::string_view address, std::string_view user, std::uint64_t limit);

 private:
  struct Tables;
  struct Kept;

  static bool prepare(Zone& zone);
  [[nodiscard]] Tables& tables() const { return *static_cast<Tables*>(zone_.root()); }
  Kept* find_kept(std::string_view path);

  Zone zone_;
};

}  // namespace notify
