#pragma once

// Bytes as text: hexadecimal and Base64 (RFC 4648). Decoders accept only what an encoder writes
// (unhex: either case): no blanks, no stray bits at the end.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace notify {

// The value of one hexadecimal digit, of either case; -1: it is none.
constexpr int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
// The byte that two of them stand for; -1: they are not two digits.
constexpr int hex_byte(char first, char second) {
  const int high = hex_value(first);
  const int low = hex_value(second);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}
// Whether a text has no other characters than these digits; it may be empty.
bool is_hex(std::string_view text);
bool is_lower_hex(std::string_view text);  // as hex() writes them

// Lower case.
std::string hex(std::span<const std::uint8_t> bytes);
std::string hex(std::string_view bytes);
std::optional<std::string> unhex(std::string_view text);

// The alphabet with `-` and `_`, never padded (RFC 4648 section 5, as RFC 7515 uses it).
std::string base64url_encode(std::string_view bytes);
std::string base64url_encode(std::span<const std::uint8_t> bytes);
std::optional<std::string> base64url_decode(std::string_view text);

// The alphabet with `+` and `/`, padded (section 4): for HTTP Basic.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace notify
