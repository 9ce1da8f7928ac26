#include "ngx_notify_module/wire/path_pattern.hpp"

#include <algorithm>

#include "shared/base/text.hpp"

namespace notify {
namespace {

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_char);
}

// Takes what stands between the first slash and the next one, or the end.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

Result<PathPattern> PathPattern::parse(std::string_view text, Slashes slashes) {
  const Error bad = invalid("invalid pattern \"" + std::string(text) + "\"");
  PathPattern pattern;
  pattern.slashes_ = slashes;
  std::string_view rest = text;
  if (!rest.starts_with('/') || rest.find_first_of("?#") != std::string_view::npos) {
    return bad;
  }
  while (!rest.empty()) {
    std::string_view segment = take_segment(rest);
    const bool named = segment.starts_with('{') && segment.ends_with('}') && segment.size() > 2;
    if (named) {
      segment = segment.substr(1, segment.size() - 2);
      if (!is_name(segment)) {
        return bad;
      }
      if (pattern.find(segment)) {
        return invalid("duplicate name \"" + std::string(segment) + "\"");
      }
    } else if (segment.find_first_of("{}") != std::string_view::npos) {
      return bad;
    }
    pattern.segments_.push_back({std::string(segment), named});
  }
  return pattern;
}

bool PathPattern::fits(const Segment& expected, std::string_view segment) const {
  if (!expected.is_name) {
    return segment == expected.text;
  }
  return !segment.empty() &&
         (slashes_ == Slashes::kInNames || segment.find('/') == std::string_view::npos);
}

std::optional<std::vector<std::string>> PathPattern::match(std::string_view raw) const {
  raw = raw.substr(0, raw.find_first_of("?#"));
  std::vector<std::string> names;
  for (const Segment& expected : segments_) {
    if (!raw.starts_with('/')) {
      return std::nullopt;
    }
    std::string segment = percent_decode(take_segment(raw));
    if (!fits(expected, segment)) {
      return std::nullopt;
    }
    if (expected.is_name) {
      names.push_back(std::move(segment));
    }
  }
  return raw.empty() ? std::optional(std::move(names)) : std::nullopt;
}

std::optional<std::size_t> PathPattern::find(std::string_view name) const {
  std::size_t place = 0;
  for (const Segment& segment : segments_) {
    if (segment.is_name && segment.text == name) {
      return place;
    }
    place += segment.is_name ? 1 : 0;
  }
  return std::nullopt;
}

}  // namespace notify
