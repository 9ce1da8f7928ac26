#pragma once

#include <cstdint>
#include <string>

namespace notify {

// For intervals and deadlines: never jumps, means nothing across a reboot or between machines.
std::int64_t monotonic_ms();

// Since 1970-01-01 UTC, as the system believes it to be.
std::int64_t unix_ms();
std::int64_t unix_us();

enum class UtcSuffix { kOffset, kZ };

// "2026-11-21T08:52:40.123456+00:00", or with "Z": always six digits of fraction. Years 0000 to
// 9999; times beyond are moved to the nearest one.
std::string format_iso8601_utc(std::int64_t unix_us, UtcSuffix suffix = UtcSuffix::kOffset);

}  // namespace notify
