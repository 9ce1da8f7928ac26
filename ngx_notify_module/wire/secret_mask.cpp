#include "ngx_notify_module/wire/secret_mask.hpp"

#include <algorithm>
#include <array>

#include "shared/base/encoding.hpp"
#include "shared/base/text.hpp"

namespace notify {
namespace {

constexpr std::size_t kLongestName = 64;

// One character of a URL, decoded, and how many bytes it takes. Decodes until nothing is left to
// decode: of `%2574` as of `%74` comes `t`, since URLs are put inside of URLs.
struct Step {
  char c = 0;
  std::size_t size = 1;
};

Step step(std::string_view text) {
  if (text[0] != '%') {
    return {text[0], 1};
  }
  std::size_t digits = 1;
  while (text.substr(digits).starts_with("25")) {
    digits += 2;
  }
  if (text.size() >= digits + 2) {
    const int byte = hex_byte(text[digits], text[digits + 1]);
    if (byte >= 0) {
      return {static_cast<char>(byte), digits + 2};
    }
  }
  return {text[0], 1};
}

bool begins_name(char c) { return c == '?' || c == '&' || c == ';' || c == '"'; }

// Where a value ends: in a URL, or around one. A quote may stand in a value; the one that nginx
// sets behind a URL is the last of the line, or `, ` follows.
bool ends_value(std::string_view text) {
  const char c = text.front();
  if (c > '&') {
    return false;
  }
  const std::string_view behind = text.substr(1);
  return c == '&' || c == '#' || static_cast<unsigned char>(c) <= ' ' ||
         (c == '"' && (behind.empty() || behind.starts_with('\n') || behind.starts_with(", ")));
}

// Calls `found(begin, end)` for each value whose name `known` says to be secret. Allocates nothing:
// it runs while nginx writes a line of its log.
template <class Known, class Found>
void scan(std::string_view text, Known known, Found found) {
  std::array<char, kLongestName> name{};
  std::size_t length = 0;
  bool in_name = false;
  for (std::size_t i = 0; i < text.size();) {
    // Most of a line is neither a name nor before one.
    if (!in_name && text[i] != '%' && !begins_name(text[i])) {
      ++i;
      continue;
    }
    const auto [c, size] = step(text.substr(i));
    i += size;
    if (begins_name(c)) {
      in_name = true;
      length = 0;
    } else if (in_name && c == '=') {
      in_name = false;
      if (known(std::string_view(name.data(), length))) {
        const std::size_t begin = i;
        while (i < text.size() && !ends_value(text.substr(i))) {
          ++i;
        }
        found(begin, i);
      }
    } else if (in_name && length<kLongestName&& static_cast<unsigned char>(c)> ' ') {
      name[length++] = c;
    } else {
      in_name = false;
    }
  }
}

}  // namespace

SecretMask::SecretMask() : names_{"token", "api_key"} {}

void SecretMask::add(std::string_view name) {
  if (!knows(name)) {
    names_.push_back(to_lower(name));
  }
}

bool SecretMask::apply(std::span<char> text) const {
  bool any = false;
  scan(
      {text.data(), text.size()}, [this](std::string_view name) { return knows(name); },
      [&](std::size_t begin, std::size_t end) {
        std::fill(text.begin() + static_cast<std::ptrdiff_t>(begin),
                  text.begin() + static_cast<std::ptrdiff_t>(end), '*');
        any = true;
      });
  return any;
}

bool SecretMask::matches(std::string_view text) const {
  bool any = false;
  scan(
      text, [this](std::string_view name) { return knows(name); },
      [&](std::size_t, std::size_t) { any = true; });
  return any;
}

bool SecretMask::knows(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const std::string& known) { return iequals(known, name); });
}

}  // namespace notify
