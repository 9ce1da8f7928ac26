#include "ctl/entry_text.hpp"

#include <algorithm>

#include "shared/base/clock.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"

namespace notify::ctl {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-+=:,./@%").find(c) != std::string_view::npos;
}

// A valid character outside ASCII that a terminal does not just draw: C1 controls, line and
// paragraph separators, marks and overrides of direction, byte order mark.
bool is_invisible(std::string_view character) {
  static constexpr std::string_view kRanges[][2] = {
      {"\u0080", "\u009f"}, {"\u061c", "\u061c"}, {"\u200b", "\u200f"},
      {"\u2028", "\u202e"}, {"\u2066", "\u2069"}, {"\ufeff", "\ufeff"},
  };
  return std::any_of(std::begin(kRanges), std::end(kRanges), [&](const auto& range) {
    return character.size() == range[0].size() && range[0] <= character && character <= range[1];
  });
}

bool is_printable(std::string_view character, bool valid) {
  if (character.size() == 1) {
    return valid && character[0] >= 0x20 && character[0] != 0x7f;
  }
  return valid && !is_invisible(character);
}

// $'…' of bash, zsh, ksh and POSIX 2024.
std::string dollar_quoted(std::string_view bytes) {
  std::string out = "$'";
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    const std::string_view character = bytes.substr(0, step.length);
    bytes.remove_prefix(step.length);
    if (character == "\n") {
      out += "\\n";
    } else if (character == "\t") {
      out += "\\t";
    } else if (character == "\r") {
      out += "\\r";
    } else if (character == "'" || character == "\\") {
      out.append("\\").append(character);
    } else if (is_printable(character, step.valid)) {
      out += character;
    } else {
      for (const char c : character) {
        out += "\\x" + hex(std::string_view(&c, 1));
      }
    }
  }
  return out + "'";
}

bool all_printable(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Step step = utf8_step(bytes);
    if (!is_printable(bytes.substr(0, step.length), step.valid)) {
      return false;
    }
    bytes.remove_prefix(step.length);
  }
  return true;
}

}  // namespace

std::string shell_word(std::string_view bytes) {
  const auto plain = [](char c) { return is_plain(c) || static_cast<signed char>(c) < 0; };
  if (!all_printable(bytes)) {
    return dollar_quoted(bytes);
  }
  if (!bytes.empty() && std::all_of(bytes.begin(), bytes.end(), plain)) {
    return std::string(bytes);
  }
  std::string out = "'";
  for (const char c : bytes) {
    c == '\'' ? out += "'\\''" : out += c;
  }
  return out + "'";
}

std::string entry_line(const Entry& entry) {
  std::string out = format_entry_id(entry.id) + " ";
  for (const auto& [field, value] : entry.fields) {
    out += " " + shell_word(field) + "=" + (value.empty() ? "" : shell_word(value));
  }
  return out;
}

std::string entry_json(const Entry& entry) {
  std::string out = "{\"id\":\"" + format_entry_id(entry.id) + "\",\"fields\":{";
  const char* separator = "";
  for (const auto& [field, value] : entry.fields) {
    out += separator;
    json::append_quoted(out, field);
    out += ':';
    json::append_quoted(out, value);
    separator = ",";
  }
  return out + "}}";
}

std::string time_text(std::int64_t unix_ms) {
  // "2026-11-21T08:52:40.123456Z", to the millisecond and without the letters.
  constexpr std::int64_t kFar = 1'000'000'000'000'000;  // beyond the year 9999
  const std::int64_t ms = std::clamp(unix_ms, -kFar, kFar);
  std::string text = format_iso8601_utc(ms * 1000, UtcSuffix::kZ).substr(0, 23);
  std::replace(text.begin(), text.end(), 'T', ' ');
  return text + " UTC";
}

}  // namespace notify::ctl
