#include "shared/base/uuid.hpp"

#include <cstddef>

#include "shared/base/crypto.hpp"
#include "shared/base/encoding.hpp"

namespace notify {
namespace {

constexpr std::size_t kDigits = 32;
constexpr std::size_t kLength = kDigits + 4;

bool is_dash(std::size_t at) { return at == 8 || at == 13 || at == 18 || at == 23; }

}  // namespace

bool is_uuid(std::string_view text) {
  if (text.size() != kLength) {
    return false;
  }
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_dash(i) ? text[i] != '-' : hex_value(text[i]) < 0) {
      return false;
    }
  }
  return true;
}

std::string make_uuid() { return uuid_of_hex(hex(random_bytes(kDigits / 2))); }

std::string uuid_of_hex(std::string_view digits) {
  if (digits.size() != kDigits || !is_hex(digits)) {
    return std::string(digits);
  }
  std::string text;
  text.reserve(kLength);
  for (const char digit : digits) {
    if (is_dash(text.size())) {
      text.push_back('-');
    }
    text.push_back(digit);
  }
  constexpr std::size_t kVersion = 14;
  constexpr std::size_t kVariant = 19;
  constexpr std::string_view kVariants = "89ab";
  text[kVersion] = '4';
  const char digit = text[kVariant];
  text[kVariant] = kVariants[static_cast<std::size_t>(digit <= '9' ? digit : digit + 1) % 4];
  return text;
}

}  // namespace notify
