#pragma once

// The id of a request: where it is from outside it goes into logs, headers and Redis, so it is what
// needs no quotes in any of them.

#include <cstddef>
#include <string_view>

namespace notify {

inline constexpr std::size_t kMaxRequestId = 128;  // bytes

// 1 to 128 letters, digits and any of - _ . ~ : / + = @
bool is_request_id(std::string_view text);

}  // namespace notify
