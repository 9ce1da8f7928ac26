#pragma once

// A number of JSON as it is written, of any size: nothing is rounded, and no exponent makes it
// large, since digits and exponent stay apart. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace notify::worker {

struct Decimal {
  bool negative = false;
  std::string digits;         // without zeros at either end; empty: zero
  std::int64_t exponent = 0;  // digits * 10^exponent

  // `raw` is a number of JSON. Exponents beyond 10^15 count as that.
  static Decimal parse(std::string_view raw);

  [[nodiscard]] bool is_zero() const { return digits.empty(); }
  [[nodiscard]] bool is_integer() const { return exponent >= 0; }
  // -1, 0, 1.
  [[nodiscard]] int compare(const Decimal& other) const;
  // Whether it is that divisor times a whole number. The divisor is above 0 and has kMostDivisor
  // digits at most.
  [[nodiscard]] bool is_multiple_of(const Decimal& divisor) const;
  // One text for each value.
  [[nodiscard]] std::string canonical() const;
  // Of a whole number that is not negative (0 for others); the largest one beyond 64 bits.
  [[nodiscard]] std::uint64_t to_count() const;

  static constexpr std::size_t kMostDivisor = 18;  // 10^18 fits 64 bits

  bool operator==(const Decimal&) const = default;
};

}  // namespace notify::worker
