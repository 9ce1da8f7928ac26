#pragma once

// UUIDs as text: 8-4-4-4-12 hexadecimal digits.

#include <string>
#include <string_view>

namespace notify {

bool is_uuid(std::string_view text);

// RFC 9562, version 4.
std::string make_uuid();

// The same of 32 hexadecimal digits that are random already; of 6 of their bits nothing is left.
// Any other text comes back as it is.
std::string uuid_of_hex(std::string_view digits);

}  // namespace notify
