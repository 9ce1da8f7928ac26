#pragma once

// Which keys were verified, and against which record: for memory that several processes share. The
// caller brings the memory, zeroed once, and the lock. A key is known by its HMAC under a secret
// that is made with the table, never by itself. Bounded: of those that fall on the same few places
// the one that was asked for longest ago goes; it is verified anew when it comes back.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "shared/auth/key_index.hpp"
#include "shared/base/crypto.hpp"

namespace notify {

class VerifiedKeys {
 public:
  static constexpr std::size_t kEntries = 4096;

  [[nodiscard]] std::optional<KeyTag> find(const Digest& key);
  void insert(const Digest& key, const KeyTag& tag);

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = kEntries / kWays;

  struct Entry {
    Digest key;
    KeyTag tag;
    std::uint64_t used;  // 0: free
  };

  Entry* set_of(const Digest& key);

  std::uint64_t clock_;
  Entry entries_[kEntries];
};

}  // namespace notify
