#pragma once

// Whether somebody would guess a password.

#include <cstddef>
#include <string_view>

namespace notify {

inline constexpr std::size_t kLeastPassword = 12;  // bytes

// Why it is weak, behind the name of its setting; empty: it is not.
std::string_view password_weakness(std::string_view name, std::string_view password);

}  // namespace notify
