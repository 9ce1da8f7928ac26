#pragma once

// How often a place (an address, an account) saw somebody fail to prove who he is, within a period:
// for memory that several processes share. The caller brings the memory, zeroed once, the lock and
// the time. Bounded: where there are too many places the ones with the fewest failures are
// forgotten.
//
// The first period is a minute. One that follows a period in which the limit was reached, within
// as much time again, is twice as long; the longest is 64 minutes.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace notify {

class FailedAttempts {
 public:
  static constexpr std::size_t kEntries = 4096;
  static constexpr std::uint64_t kWindowMs = 60'000;  // from the first failure on

  static constexpr std::uint32_t kMostLevel = 6;

  // Of an address' bytes, and a secret against addresses that are chosen to fall on one place.
  static std::uint64_t place(std::string_view secret, std::string_view address);

  // `limit`: with so many of them a period makes the next one longer; 0: none does.
  void add(std::uint64_t place, std::uint64_t now_ms, std::uint64_t limit = 0);
  // 0 while there were fewer than `limit`; else for how long there will be none again.
  [[nodiscard]] std::uint64_t wait_ms(std::uint64_t place, std::uint64_t limit,
                                      std::uint64_t now_ms) const;

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = kEntries / kWays;

  struct Entry {
    std::uint64_t place;
    std::uint64_t began_ms;
    std::uint32_t count;  // 0: free
    std::uint32_t level;  // how often the period was doubled

    [[nodiscard]] std::uint64_t period_ms() const { return kWindowMs << level; }
    [[nodiscard]] bool over(std::uint64_t now_ms) const {
      return count == 0 || now_ms >= began_ms + period_ms();  // processes' clocks differ a little
    }
    [[nodiscard]] bool forgotten(std::uint64_t now_ms) const {
      return count == 0 || now_ms >= began_ms + 2 * period_ms();
    }
  };

  Entry entries_[kEntries];
};

}  // namespace notify
