#include "worker/catalog/templates/decimal.hpp"

#include <algorithm>
#include <limits>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::int64_t kMostExponent = 1'000'000'000'000'000;

__extension__ typedef unsigned __int128 Wide;  // NOLINT(modernize-use-using)

std::int64_t parse_exponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) {
    text.remove_prefix(1);
  }
  const auto number = parse_u64(text);
  const auto most = static_cast<std::uint64_t>(kMostExponent);
  const auto size = static_cast<std::int64_t>(std::min(number.value_or(most), most));
  return negative ? -size : size;
}

// 10^power modulo `by`.
std::uint64_t power_of_ten(std::uint64_t power, std::uint64_t by) {
  Wide result = 1 % by;
  Wide base = 10 % by;
  for (; power > 0; power >>= 1U) {
    if ((power & 1U) != 0) {
      result = result * base % by;
    }
    base = base * base % by;
  }
  return static_cast<std::uint64_t>(result);
}

}  // namespace

Decimal Decimal::parse(std::string_view raw) {
  Decimal out;
  out.negative = raw.starts_with('-');
  if (out.negative) {
    raw.remove_prefix(1);
  }
  const auto mark = raw.find_first_of("eE");
  const auto mantissa = raw.substr(0, mark);
  if (mark != raw.npos) {
    out.exponent = parse_exponent(raw.substr(mark + 1));
  }
  const auto dot = mantissa.find('.');
  out.digits = mantissa.substr(0, dot);
  if (dot != mantissa.npos) {
    const auto fraction = mantissa.substr(dot + 1);
    out.digits += fraction;
    out.exponent -= static_cast<std::int64_t>(fraction.size());
  }
  const auto end = out.digits.find_last_not_of('0');
  if (end == std::string::npos) {
    return {};
  }
  out.exponent += static_cast<std::int64_t>(out.digits.size() - end - 1);
  out.digits.resize(end + 1);
  out.digits.erase(0, out.digits.find_first_not_of('0'));
  return out;
}

int Decimal::compare(const Decimal& other) const {
  if (is_zero() || other.is_zero() || negative != other.negative) {
    const int own = is_zero() ? 0 : (negative ? -1 : 1);
    const int others = other.is_zero() ? 0 : (other.negative ? -1 : 1);
    return own < others ? -1 : (own > others ? 1 : 0);
  }
  // Where the first digit stands; then digit by digit.
  const auto place = static_cast<std::int64_t>(digits.size()) + exponent;
  const auto others_place = static_cast<std::int64_t>(other.digits.size()) + other.exponent;
  int size = place < others_place ? -1 : (place > others_place ? 1 : 0);
  if (size == 0) {
    const int order = digits.compare(other.digits);
    size = order < 0 ? -1 : (order > 0 ? 1 : 0);
  }
  return negative ? -size : size;
}

bool Decimal::is_multiple_of(const Decimal& divisor) const {
  if (is_zero()) {
    return true;
  }
  const auto by = parse_u64(divisor.digits).value_or(0);
  const auto shift = exponent - divisor.exponent;
  if (by == 0 || shift < 0) {
    return false;  // its last digit is no zero, and would have to be one
  }
  std::uint64_t rest = 0;
  for (const char digit : digits) {
    rest = static_cast<std::uint64_t>((Wide{rest} * 10 + static_cast<unsigned>(digit - '0')) % by);
  }
  const Wide whole = Wide{rest} * power_of_ten(static_cast<std::uint64_t>(shift), by);
  return whole % by == 0;
}

std::string Decimal::canonical() const {
  return (negative ? "-" : "") + digits + "e" + std::to_string(is_zero() ? 0 : exponent);
}

std::uint64_t Decimal::to_count() const {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  if (is_zero() || negative || !is_integer()) {
    return 0;
  }
  if (exponent > 20 || digits.size() > 20) {
    return kMost;
  }
  return parse_u64(digits + std::string(static_cast<std::size_t>(exponent), '0')).value_or(kMost);
}

}  // namespace notify::worker
