#pragma once

#include <string>

#include "shared/base/clock.hpp"

namespace notify::worker {

// This moment, as created_at and updated_at hold it.
inline std::string now_text() { return format_iso8601_utc(unix_us(), UtcSuffix::kZ); }

}  // namespace notify::worker
