#include "shared/auth/verified_keys.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <type_traits>

namespace notify {

// It lies in memory that was zeroed, and nobody runs a constructor or destructor there.
static_assert(std::is_trivially_default_constructible_v<VerifiedKeys>);
static_assert(std::is_trivially_destructible_v<VerifiedKeys>);

// A keyed digest is as good as random.
VerifiedKeys::Entry* VerifiedKeys::set_of(const Digest& key) {
  std::uint64_t number = 0;
  std::memcpy(&number, key.data(), sizeof number);
  return entries_ + number % kSets * kWays;
}

std::optional<KeyTag> VerifiedKeys::find(const Digest& key) {
  Entry* set = set_of(key);
  for (Entry* entry = set; entry != set + kWays; ++entry) {
    if (entry->used != 0 && entry->key == key) {
      entry->used = ++clock_;
      return entry->tag;
    }
  }
  return std::nullopt;
}

void VerifiedKeys::insert(const Digest& key, const KeyTag& tag) {
  Entry* set = set_of(key);
  Entry* place = std::find_if(
      set, set + kWays, [&](const Entry& entry) { return entry.used != 0 && entry.key == key; });
  if (place == set + kWays) {
    place = std::min_element(set, set + kWays,
                             [](const Entry& a, const Entry& b) { return a.used < b.used; });
  }
  // Free while it is written: a process that is killed here leaves nothing half.
  place->used = 0;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  place->key = key;
  place->tag = tag;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  place->used = ++clock_;
}

}  // namespace notify
