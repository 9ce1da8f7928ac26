#include "shared/auth/failed_attempts.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

#include "shared/base/crypto.hpp"

namespace notify {

// It lies in memory that was zeroed, and nobody runs a constructor or destructor there.
static_assert(std::is_trivially_default_constructible_v<FailedAttempts>);
static_assert(std::is_trivially_destructible_v<FailedAttempts>);

std::uint64_t FailedAttempts::place(std::string_view secret, std::string_view address) {
  const Digest digest = hmac_sha256(secret, address);
  std::uint64_t number = 0;
  std::memcpy(&number, digest.data(), sizeof number);
  return number;
}

void FailedAttempts::add(std::uint64_t place, std::uint64_t now_ms, std::uint64_t limit) {
  Entry* set = entries_ + place % kSets * kWays;
  Entry* end = set + kWays;
  Entry* entry = std::find_if(
      set, end, [&](const Entry& each) { return each.place == place && !each.forgotten(now_ms); });
  if (entry == end) {
    const auto weight = [now_ms](const Entry& each) { return each.over(now_ms) ? 0 : each.count; };
    entry = std::min_element(set, end,
                             [&](const Entry& a, const Entry& b) { return weight(a) < weight(b); });
    *entry = {place, now_ms, 0, 0};
  } else if (entry->over(now_ms)) {
    const bool reached = limit > 0 && entry->count >= limit;
    *entry = {place, now_ms, 0, reached ? std::min(entry->level + 1, kMostLevel) : 0};
  }
  ++entry->count;
}

std::uint64_t FailedAttempts::wait_ms(std::uint64_t place, std::uint64_t limit,
                                      std::uint64_t now_ms) const {
  const Entry* set = entries_ + place % kSets * kWays;
  const Entry* end = set + kWays;
  const Entry* entry = std::find_if(
      set, end, [&](const Entry& each) { return each.place == place && !each.over(now_ms); });
  if (entry == end || entry->count < limit) {
    return 0;
  }
  return entry->began_ms + entry->period_ms() - now_ms;
}

}  // namespace notify
