#pragma once

// Bytes as text: hexadecimal and Base64 (RFC 4648). Decoders accept only what an encoder writes
// (unhex: either case): no blanks, no stray bits at the end.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace notify {

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
