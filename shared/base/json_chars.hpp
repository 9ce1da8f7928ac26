#pragma once

// What json.cpp and json_text.cpp share, and nobody else: classes of characters, and moving over
// them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace notify::json::detail {

enum CharClass : std::uint8_t {
  kPlainChar = 1,  // stands for itself inside a string, one byte
  kSpace = 2,      // between tokens
  kDigitChar = 4,
};

inline constexpr std::array<std::uint8_t, 256> kClass = [] {
  std::array<std::uint8_t, 256> table{};
  for (std::size_t c = 0x20; c < 0x80; ++c) {
    table[c] = kPlainChar;
  }
  table['"'] = 0;
  table['\\'] = 0;
  for (std::size_t c = '0'; c <= '9'; ++c) {
    table[c] |= kDigitChar;
  }
  table[' '] |= kSpace;
  table['\t'] |= kSpace;
  table['\r'] |= kSpace;
  table['\n'] |= kSpace;
  return table;
}();

inline bool is(char c, CharClass wanted) {
  return (kClass[static_cast<unsigned char>(c)] & wanted) != 0;
}

// Moves over characters that stand for themselves, eight at a time while it lasts: most of what is
// published is plain text inside strings.
inline const char* skip_plain(const char* p, const char* end) {
  constexpr std::uint64_t kOnes = 0x0101010101010101U;
  constexpr std::uint64_t kHighs = 0x8080808080808080U;
  const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
  while (end - p >= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, p, sizeof word);
    const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;
    if (((word & kHighs) | control | has_zero(word ^ kOnes * '"') |
         has_zero(word ^ kOnes * '\\')) != 0) {
      break;
    }
    p += 8;
  }
  while (p != end && is(*p, kPlainChar)) {
    ++p;
  }
  return p;
}

inline const char* skip_space(const char* p, const char* end) {
  while (p != end && is(*p, kSpace)) {
    ++p;
  }
  return p;
}

// From the opening quote of a string that was checked to behind the closing one; nullptr where the
// text ends too early.
inline const char* skip_string(const char* p, const char* end) {
  ++p;
  while (p != end && *p != '"') {
    if (*p == '\\') {
      if (end - p < 2) {
        return nullptr;
      }
      p += 2;
    } else if (is(*p, kPlainChar)) {
      p = skip_plain(p, end);
    } else {
      ++p;
    }
  }
  return p == end ? nullptr : p + 1;
}

}  // namespace notify::json::detail
