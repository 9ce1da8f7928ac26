#pragma once

// UTF-8 as RFC 3629 has it: no overlong form, no surrogate, nothing above U+10FFFF.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace notify {

// What stands at the front of a text that is not empty. Where it is malformed, `length` covers the
// maximal subpart that one U+FFFD stands for (Unicode 15, section 3.9; as browsers and Python do).
struct Utf8Step {
  std::size_t length = 0;  // bytes, 1..4
  bool valid = false;
};
Utf8Step utf8_step(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);

// Code points; each malformed part counts as one, as it would after replacement.
std::size_t utf8_length(std::string_view text);

// Appends one code point; a surrogate or a number above U+10FFFF becomes U+FFFD.
void append_utf8(std::string& out, std::uint32_t code_point);

// The same text, with U+FFFD for each malformed part.
std::string to_valid_utf8(std::string_view text);

inline constexpr std::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

}  // namespace notify
