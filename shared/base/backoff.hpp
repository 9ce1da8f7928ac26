#pragma once

#include <algorithm>
#include <chrono>

namespace notify {

// How long to wait before trying again: doubling, with jitter, bounded. Pure: the random number is
// the caller's, so that tests and logs can repeat it.
//
// With base = min(initial * 2^attempt, max) the answer lies evenly between base * (1 - jitter) and
// min(base * (1 + jitter), max). So it never exceeds max, and waits at the bound are spread too.
class Backoff {
 public:
  using Millis = std::chrono::milliseconds;

  static constexpr Millis kLongest = std::chrono::days{365};

  // 1 ms <= initial <= max <= kLongest, 0 <= jitter <= 1; values outside are moved to the nearest.
  constexpr Backoff(Millis initial, Millis max, double jitter)
      : initial_(std::clamp(initial, Millis{1}, kLongest)),
        max_(std::clamp(max, initial_, kLongest)),
        jitter_(jitter >= 0.0 ? (jitter <= 1.0 ? jitter : 1.0) : 0.0) {}

  // attempt: 0 for the wait after the first failure. random01: 0 <= random01 < 1.
  [[nodiscard]] constexpr Millis next(unsigned attempt, double random01) const {
    Millis base = initial_;
    for (unsigned i = 0; i < attempt && base < max_; ++i) {
      base = base > max_ / 2 ? max_ : base * 2;
    }
    const auto middle = static_cast<double>(base.count());
    const auto limit = static_cast<double>(max_.count());
    const double low = middle * (1.0 - jitter_);
    const double high = middle * (1.0 + jitter_) < limit ? middle * (1.0 + jitter_) : limit;
    const double share = random01 >= 0.0 ? (random01 <= 1.0 ? random01 : 1.0) : 0.0;
    return Millis{static_cast<Millis::rep>(low + (high - low) * share)};
  }

 private:
  Millis initial_;
  Millis max_;
  double jitter_;
};

}  // namespace notify
