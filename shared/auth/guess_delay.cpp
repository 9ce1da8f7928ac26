#include "shared/auth/guess_delay.hpp"

#include <algorithm>
#include <functional>

namespace notify {
namespace {

constexpr std::uint64_t kWhole = 10;  // tenths

}  // namespace

std::uint64_t GuessDelay::wait_ms(const std::string& who, std::uint64_t now_ms) const {
  const auto found = all_.find(who);
  return found == all_.end() || found->second.until_ms <= now_ms ? 0
                                                                 : found->second.until_ms - now_ms;
}

void GuessDelay::failed(const std::string& who, std::string_view guess, std::uint64_t now_ms) {
  const std::size_t hash = std::hash<std::string_view>{}(guess);
  if (all_.size() >= kMost && !all_.contains(who)) {
    make_room(now_ms);
  }
  Entry& entry = all_[who];
  if (entry.tenths > 0 && over(entry, now_ms)) {
    entry = {};
  }
  entry.tenths += entry.tenths > 0 && entry.guess == hash ? 1 : kWhole;
  entry.guess = hash;
  entry.last_ms = now_ms;
  const std::uint64_t free = policy_.free * kWhole;
  if (entry.tenths > free) {
    constexpr std::uint64_t kMostDoublings = 30;
    const std::uint64_t doublings = std::min((entry.tenths - free - 1) / kWhole, kMostDoublings);
    entry.until_ms = now_ms + std::min(policy_.first_ms << doublings, policy_.most_ms);
  }
}

void GuessDelay::make_room(std::uint64_t now_ms) {
  std::erase_if(all_, [&](const auto& each) { return over(each.second, now_ms); });
  if (all_.size() >= kMost) {
    all_.erase(std::min_element(all_.begin(), all_.end(), [](const auto& a, const auto& b) {
      return a.second.tenths < b.second.tenths;
    }));
  }
}

}  // namespace notify
