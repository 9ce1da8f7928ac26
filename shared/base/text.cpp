#include "shared/base/text.hpp"

#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <system_error>

#include "shared/base/encoding.hpp"

namespace notify {
namespace {

constexpr std::string_view kBlanks = " \t\r\n\v\f";

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

template <class Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  // from_chars takes no sign but `-`, and for unsigned types none at all.
  Integer value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || stop != end) {
    return std::nullopt;
  }
  return value;
}

// Decodes what can be decoded; counts the `%` that had to stay.
std::string decode(std::string_view text, bool plus_is_blank, std::size_t& stray) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      const int byte = i + 2 < text.size() ? hex_byte(text[i + 1], text[i + 2]) : -1;
      if (byte >= 0) {
        out += static_cast<char>(byte);
        i += 2;
        continue;
      }
      ++stray;
    }
    out += c == '+' && plus_is_blank ? ' ' : c;
  }
  return out;
}

// Calls visit(value) for each argument of that name, decoded; stops when it answers false.
template <class Visit>
void for_each_arg(std::string_view query, std::string_view name, Visit visit) {
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = pair.find('=');
    const std::string_view key = pair.substr(0, equals);
    const bool plain = key.find_first_of("%+") == std::string_view::npos;
    if (plain ? key != name : percent_decode(key, true) != name) {
      continue;
    }
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view{} : pair.substr(equals + 1);
    if (!visit(percent_decode(value, true))) {
      return;
    }
  }
}

// A number with one of several units behind it, or none: number * factor, unless it overflows.
struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

std::optional<std::uint64_t> parse_scaled(std::string_view text, const Unit* first,
                                          const Unit* last, std::uint64_t limit) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) {
    ++digits;
  }
  const auto number = parse_u64(text.substr(0, digits));
  if (!number) {
    return std::nullopt;
  }
  for (const Unit* unit = first; unit != last; ++unit) {
    if (text.substr(digits) == unit->name) {
      if (*number > limit / unit->factor) {
        return std::nullopt;
      }
      return *number * unit->factor;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) {
    return {};
  }
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool iequals(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) {
      return false;
    }
  }
  return true;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = lower(c);
  }
  return out;
}

std::optional<std::uint64_t> parse_u64(std::string_view text) {
  return parse_integer<std::uint64_t>(text);
}

std::optional<std::int64_t> parse_i64(std::string_view text) {
  return parse_integer<std::int64_t>(text);
}

std::string percent_decode(std::string_view text, bool plus_is_blank) {
  std::size_t stray = 0;
  return decode(text, plus_is_blank, stray);
}

std::optional<std::string> percent_decode_strict(std::string_view text) {
  std::size_t stray = 0;
  std::string out = decode(text, false, stray);
  if (stray != 0) {
    return std::nullopt;
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kMarks = "-._~";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const char letter = lower(c);
    if (is_digit(c) || (letter >= 'a' && letter <= 'z') ||
        kMarks.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::optional<std::string> query_arg(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  for_each_arg(query, name, [&found](std::string value) {
    found = std::move(value);
    return false;
  });
  return found;
}

std::vector<std::string> query_args(std::string_view query, std::string_view name) {
  std::vector<std::string> found;
  for_each_arg(query, name, [&found](std::string value) {
    found.push_back(std::move(value));
    return true;
  });
  return found;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::array kUnits{Unit{"", 1000},    Unit{"ms", 1},        Unit{"s", 1000},
                              Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
  // So that it still fits as nanoseconds, which is what the library's waits turn it into.
  constexpr auto kLimit =
      static_cast<std::uint64_t>(std::chrono::nanoseconds::max().count()) / 1'000'000;
  const auto value = parse_scaled(text, kUnits.data(), kUnits.data() + kUnits.size(), kLimit);
  if (!value) {
    return std::nullopt;
  }
  return std::chrono::milliseconds{static_cast<std::chrono::milliseconds::rep>(*value)};
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array kUnits{Unit{"", 1},          Unit{"k", 1U << 10U}, Unit{"K", 1U << 10U},
                              Unit{"m", 1U << 20U}, Unit{"M", 1U << 20U}, Unit{"g", 1U << 30U},
                              Unit{"G", 1U << 30U}};
  return parse_scaled(text, kUnits.data(), kUnits.data() + kUnits.size(),
                      std::numeric_limits<std::uint64_t>::max());
}

}  // namespace notify
