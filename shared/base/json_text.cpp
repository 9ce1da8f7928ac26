// Strings and numbers of JSON, and writing it.

#include <algorithm>
#include <charconv>
#include <limits>
#include <system_error>

#include "shared/base/encoding.hpp"
#include "shared/base/json.hpp"
#include "shared/base/json_chars.hpp"
#include "shared/base/utf8.hpp"

namespace notify::json {
namespace {

using namespace detail;

// Four digits at p, which may be cut off: then, or where they are none, -1.
std::int32_t read_hex4(const char* p, const char* end) {
  std::int32_t value = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = end - p > i ? hex_value(p[i]) : -1;
    if (digit < 0) {
      return -1;
    }
    value = value * 16 + digit;
  }
  return value;
}

constexpr bool is_high_surrogate(std::int32_t unit) { return unit >= 0xd800 && unit <= 0xdbff; }
constexpr bool is_low_surrogate(std::int32_t unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

constexpr char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

// What stands between the quotes, decoded; counts lone surrogates.
std::string decode(std::string_view inner, std::size_t& lone) {
  std::string out;
  out.reserve(inner.size());
  const char* p = inner.data();
  const char* end = p + inner.size();
  while (p != end) {
    const auto left = static_cast<std::size_t>(end - p);
    const void* found = std::memchr(p, '\\', left);
    const char* stop = found != nullptr ? static_cast<const char*>(found) : end;
    out.append(p, stop);
    if (end - stop < 2) {
      break;
    }
    p = stop + 2;
    if (stop[1] != 'u') {
      out += simple_escape(stop[1]);
      continue;
    }
    const std::int32_t unit = read_hex4(p, end);
    if (unit < 0) {
      break;
    }
    p += 4;
    if (is_high_surrogate(unit) && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
      const std::int32_t low = read_hex4(p + 2, end);
      if (is_low_surrogate(low)) {
        append_utf8(out,
                    static_cast<std::uint32_t>(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)));
        p += 6;
        continue;
      }
    }
    lone += is_high_surrogate(unit) || is_low_surrogate(unit) ? 1 : 0;
    append_utf8(out, static_cast<std::uint32_t>(unit));
  }
  return out;
}

bool inner_of(const Value& string, std::string_view& inner) {
  if (string.kind != Kind::kString || string.raw.size() < 2) {
    return false;
  }
  inner = string.raw.substr(1, string.raw.size() - 2);
  return true;
}

void append_escape(std::string& out, char c) {
  out += '\\';
  switch (c) {
    case '"':
    case '\\':
      out += c;
      return;
    case '\b':
      out += 'b';
      return;
    case '\f':
      out += 'f';
      return;
    case '\n':
      out += 'n';
      return;
    case '\r':
      out += 'r';
      return;
    case '\t':
      out += 't';
      return;
    default:
      break;
  }
  out += "u00";
  out += hex(std::string_view(&c, 1));
}

// Whether a number that a double cannot hold is too large for it, rather than too near zero: the
// power of ten of its first digit that is not 0.
bool is_huge(std::string_view number) {
  const std::size_t e = number.find_first_of("eE");
  const std::string_view digits = number.substr(number[0] == '-' ? 1 : 0, e);
  const std::size_t dot = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (e == std::string_view::npos) {
    return first < dot;
  }
  std::string_view text = number.substr(e + 1);
  const bool negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') {
    text.remove_prefix(1);
  }
  std::int64_t exponent = std::numeric_limits<std::int64_t>::max() / 2;
  std::from_chars(text.data(), text.data() + text.size(), exponent);
  exponent = std::min(exponent, std::numeric_limits<std::int64_t>::max() / 2);
  const auto shift = static_cast<std::int64_t>(dot) - static_cast<std::int64_t>(first);
  return shift + (negative ? -exponent : exponent) > 0;
}

}  // namespace

std::string unquote(const Value& string) {
  std::string_view inner;
  std::size_t lone = 0;
  return inner_of(string, inner) ? decode(inner, lone) : std::string{};
}

std::optional<std::string> unquote_strict(const Value& string) {
  std::string_view inner;
  if (!inner_of(string, inner)) {
    return std::nullopt;
  }
  std::size_t lone = 0;
  std::string out = decode(inner, lone);
  if (lone != 0) {
    return std::nullopt;
  }
  return out;
}

std::optional<std::int64_t> to_int64(const Value& number) {
  std::int64_t value = 0;
  const char* end = number.raw.data() + number.raw.size();
  const auto [stop, error] = std::from_chars(number.raw.data(), end, value);
  if (number.kind != Kind::kNumber || error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

std::optional<double> to_double(const Value& number) {
  if (number.kind != Kind::kNumber) {
    return std::nullopt;
  }
  double value = 0;
  const char* end = number.raw.data() + number.raw.size();
  const auto [stop, error] = std::from_chars(number.raw.data(), end, value);
  if (error == std::errc::result_out_of_range) {
    value = is_huge(number.raw) ? std::numeric_limits<double>::infinity() : 0.0;
    return number.raw[0] == '-' ? -value : value;
  }
  if (error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

void append_quoted(std::string& out, std::string_view bytes) {
  const char* p = bytes.data();
  const char* end = p + bytes.size();
  out.reserve(out.size() + bytes.size() + 2);
  out += '"';
  const char* run = p;  // what can be copied as it is, up to p
  while ((p = skip_plain(p, end)) != end) {
    const bool ascii = static_cast<unsigned char>(*p) < 0x80;
    const Utf8Step step =
        ascii ? Utf8Step{1, false} : utf8_step({p, static_cast<std::size_t>(end - p)});
    if (step.valid) {
      p += step.length;
      continue;
    }
    out.append(run, p);
    if (ascii) {
      append_escape(out, *p);
    } else {
      out += kReplacement;
    }
    p += step.length;
    run = p;
  }
  out.append(run, end);
  out += '"';
}

std::string quoted(std::string_view bytes) {
  std::string out;
  append_quoted(out, bytes);
  return out;
}

void append_single_line(std::string& out, std::string_view raw) {
  const std::size_t start = out.size();
  out += raw;
  for (std::size_t i = start; i < out.size(); ++i) {
    if (out[i] == '\r' || out[i] == '\n') {
      out[i] = ' ';
    }
  }
}

void append_compact(std::string& out, std::string_view raw) {
  const char* p = raw.data();
  const char* end = p + raw.size();
  while (p != end) {
    p = skip_space(p, end);
    const char* run = p;
    while (p != end && !is(*p, kSpace)) {
      if (*p == '"') {
        const char* behind = skip_string(p, end);
        p = behind != nullptr ? behind : end;
      } else {
        ++p;
      }
    }
    out.append(run, p);
  }
}

}  // namespace notify::json
