#include "ctl/env_file.hpp"

#include <algorithm>

#include "shared/base/text.hpp"

namespace notify::ctl {
namespace {

bool is_name(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  };
  return !text.empty() && letter(text[0]) && std::all_of(text.begin(), text.end(), [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  });
}

bool is_comment(std::string_view text) { return text.empty() || text.front() == '#'; }

// What follows `=`, trimmed. nullopt where a quote has no end, or something follows it.
std::optional<std::string> parse_value(std::string_view text) {
  std::string value;
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) {
    if (is_comment(text)) {
      return value;
    }
    const auto comment = std::min(text.find(" #"), text.find("\t#"));
    return std::string(trim(text.substr(0, comment)));
  }
  const char quote = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == quote) {
      return is_comment(trim(text.substr(i + 1))) ? std::optional(value) : std::nullopt;
    }
    if (quote == '"' && text[i] == '\\' && i + 1 < text.size()) {
      const char next = text[++i];
      const bool known = next == '"' || next == '\\' || next == '$' || next == 'n';
      value += known ? "" : "\\";
      value += next == 'n' ? '\n' : next;
    } else {
      value += text[i];
    }
  }
  return std::nullopt;
}

}  // namespace

Result<EnvFile> EnvFile::parse(std::string_view text) {
  constexpr std::string_view kExport = "export";
  EnvFile file;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_comment(line)) {
      continue;
    }
    const std::string where = "line " + std::to_string(number);
    if (line.starts_with(kExport) && line.find_first_of(" \t") == kExport.size()) {
      line = trim(line.substr(kExport.size()));
    }
    const auto equals = line.find('=');
    const std::string_view name = trim(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      return invalid(where + " is not NAME=value");
    }
    auto value = parse_value(trim(line.substr(equals + 1)));
    if (!value) {
      return invalid(where + ": " + std::string(name) + " has a quote without its end");
    }
    if (value->find('\0') != std::string::npos) {
      return invalid(where + ": " + std::string(name) + " holds a zero byte");
    }
    file.values_.emplace_back(name, std::move(*value));
  }
  return file;
}

std::optional<std::string_view> EnvFile::find(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(),
                                  [&](const auto& value) { return value.first == name; });
  if (found == values_.end()) {
    return std::nullopt;
  }
  return found->second;
}

}  // namespace notify::ctl
