#pragma once

// Whether somebody would guess a secret. The only place that says so: `notifyctl up` refuses by it,
// `notifyctl doctor` and the worker warn by it.

#include <cstddef>
#include <string_view>

namespace notify {

inline constexpr std::size_t kLeastPassword = 12;  // bytes
// Of what signs: a signature that was overheard can be tried out without asking us.
inline constexpr std::size_t kLeastKey = 16;

// It stands in examples, or first in the lists of those who guess; in any letter case.
bool is_well_known(std::string_view secret);

// Why a password that goes with this name is weak, behind the name of its setting; empty: it is
// not.
std::string_view password_weakness(std::string_view name, std::string_view password);

// The same for a token or a signing key, which programs remember.
std::string_view key_weakness(std::string_view key);

}  // namespace notify
