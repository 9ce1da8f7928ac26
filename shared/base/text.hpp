#pragma once

// Small conversions on text. Nothing here knows a locale: letters, digits and blanks are ASCII's.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/utf8.hpp"

namespace notify {

// Without blank, tab, CR, LF, VT and FF at either end.
std::string_view trim(std::string_view text);

[[nodiscard]] bool iequals(std::string_view a, std::string_view b);
std::string to_lower(std::string_view text);

// Decimal digits only (a leading `-` for parse_i64), the whole text, in range.
std::optional<std::uint64_t> parse_u64(std::string_view text);
std::optional<std::int64_t> parse_i64(std::string_view text);

// Turns %XX into bytes. A `%` without two hexadecimal digits stays as it is, as in browsers and in
// Python; so this cannot fail. The result is any bytes, NUL and invalid UTF-8 included.
std::string percent_decode(std::string_view text, bool plus_is_blank = false);

// The same for places where a stray `%` is an error (the user and password of a URL): nullopt then.
std::optional<std::string> percent_decode_strict(std::string_view text);

// Everything but RFC 3986's unreserved characters becomes %XX, upper case.
std::string percent_encode(std::string_view text);

// The value of an argument of a query (without `?`), decoded as a form's: `+` is a blank. The first
// one wins. An argument without `=` has the empty value. Names are case-sensitive.
std::optional<std::string> query_arg(std::string_view query, std::string_view name);

// Every value of that argument, in order; empty when there is none.
std::vector<std::string> query_args(std::string_view query, std::string_view name);

// "250ms", "5s", "2m", "1h", "1d"; a plain number is seconds. nullopt also beyond
// 292 years.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

// "4096", "64k", "1m", "2g" (or upper case), in bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

}  // namespace notify
