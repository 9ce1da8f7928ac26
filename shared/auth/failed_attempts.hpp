#pragma once

// How often somebody at an address failed to prove who he is, within a minute: for memory that
// several processes share. The caller brings the memory, zeroed once, the lock and the time.
// Bounded: where there are too many addresses the ones with the fewest failures are forgotten.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace notify {

class FailedAttempts {
 public:
  static constexpr std::size_t kEntries = 4096;
  static constexpr std::uint64_t kWindowMs = 60'000;  // from the first failure on

  // Of an address' bytes, and a secret against addresses that are chosen to fall on one place.
  static std::uint64_t place(std::string_view secret, std::string_view address);

  void add(std::uint64_t place, std::uint64_t now_ms);
  // 0 while there were fewer than `limit`; else for how long there will be none again.
  [[nodiscard]] std::uint64_t wait_ms(std::uint64_t place, std::uint64_t limit,
                                      std::uint64_t now_ms) const;

 private:
  static constexpr std::size_t kWays = 8;
  static constexpr std::size_t kSets = kEntries / kWays;

  struct Entry {
    std::uint64_t place;
    std::uint64_t began_ms;
    std::uint64_t count;  // 0: free

    [[nodiscard]] bool over(std::uint64_t now_ms) const {
      return count == 0 || now_ms >= began_ms + kWindowMs;  // processes' clocks differ a little
    }
  };

  Entry entries_[kEntries];
};

}  // namespace notify
