#include "shared/base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace notify {
namespace {

namespace chr = std::chrono;

template <class Unit, class Clock>
std::int64_t now_in() {
  return chr::duration_cast<Unit>(Clock::now().time_since_epoch()).count();
}

constexpr std::int64_t micros_of(chr::year_month_day day) {
  return chr::duration_cast<chr::microseconds>(chr::sys_days{day}.time_since_epoch()).count();
}

constexpr std::int64_t kFirst = micros_of(chr::year{0} / 1 / 1);
constexpr std::int64_t kLast = micros_of(chr::year{10000} / 1 / 1) - 1;

}  // namespace

std::int64_t monotonic_ms() { return now_in<chr::milliseconds, chr::steady_clock>(); }

std::int64_t unix_ms() { return now_in<chr::milliseconds, chr::system_clock>(); }

std::int64_t unix_us() { return now_in<chr::microseconds, chr::system_clock>(); }

std::string format_iso8601_utc(std::int64_t unix_us, UtcSuffix suffix) {
  const chr::sys_time<chr::microseconds> at{chr::microseconds{std::clamp(unix_us, kFirst, kLast)}};
  const auto midnight = chr::floor<chr::days>(at);
  const chr::year_month_day day{midnight};
  const chr::hh_mm_ss time{at - midnight};
  char text[48];
  const int length = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%06d%s", static_cast<int>(day.year()),
      static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()),
      suffix == UtcSuffix::kZ ? "Z" : "+00:00");
  return {text, static_cast<std::size_t>(length)};
}

}  // namespace notify
