#include "worker/settings/config_file.hpp"

#include <optional>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

constexpr std::string_view kNameCharacters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

// "…" with \" and \\, and nothing but a comment behind it.
std::optional<std::string> unquote(std::string_view text) {
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      const auto rest = trim(text.substr(i + 1));
      return rest.empty() || rest.front() == '#' ? std::optional(value) : std::nullopt;
    }
    if (text[i] == '\\') {
      if (++i == text.size() || (text[i] != '"' && text[i] != '\\')) {
        return std::nullopt;
      }
    }
    value += text[i];
  }
  return std::nullopt;
}

}  // namespace

Result<std::map<std::string, FileValue, std::less<>>> parse_config_text(std::string_view text) {
  std::map<std::string, FileValue, std::less<>> values;
  unsigned number = 0;
  const auto error = [&number](std::string_view what) {
    return invalid("line " + std::to_string(number) + ": " + std::string(what));
  };
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const auto line = trim(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') {
      continue;
    }
    if (line.find('\0') != line.npos) {
      return error("holds a NUL");
    }
    const auto equals = line.find('=');
    if (equals == line.npos) {
      return error("expected `name = value`");
    }
    const auto name = trim(line.substr(0, equals));
    if (name.empty() || name.find_first_not_of(kNameCharacters) != name.npos) {
      return error("not the name of a setting before `=`");
    }
    const auto raw = trim(line.substr(equals + 1));
    std::optional<std::string> value(raw);
    if (!raw.empty() && raw.front() == '"') {
      value = unquote(raw);
    }
    if (!value) {
      return error("malformed quoted value of `" + std::string(name) + "`");
    }
    if (!values.emplace(name, FileValue{*value, number}).second) {
      return error("`" + std::string(name) + "` is duplicate");
    }
  }
  return values;
}

}  // namespace notify::worker
