#pragma once

#include <cstddef>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify {

inline constexpr std::size_t kMaxNameBytes = 512;

// Names of streams, groups and consumers: UTF-8, 1 to 512 bytes, no control characters (C0, DEL).
// Errors are kInvalid, "Invalid stream name: <reason>" ("group", "consumer"); the name itself is
// not repeated in them.
Result<void> check_stream_name(std::string_view name);
Result<void> check_group_name(std::string_view name);
Result<void> check_consumer_name(std::string_view name);

// The same for another noun: "Invalid <noun>: <reason>", e.g. noun "channel name".
Result<void> check_name(std::string_view noun, std::string_view name);

}  // namespace notify
