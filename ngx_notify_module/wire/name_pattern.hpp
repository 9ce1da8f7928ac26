#pragma once

#include <string_view>

namespace notify {

// Whether the whole name is of that pattern: `*` stands for any bytes, none as well, `?` for one.
[[nodiscard]] bool matches_pattern(std::string_view pattern, std::string_view name);

}  // namespace notify
