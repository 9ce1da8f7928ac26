#include "ngx_notify_module/wire/composite_id.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "shared/base/crypto.hpp"
#include "shared/base/encoding.hpp"

namespace notify {
namespace {

constexpr char kMark = 'c';
constexpr std::size_t kCheckDigits = 8;
constexpr std::size_t kTagDigits = 12;

std::string check_of(std::string_view text) {
  std::uint32_t sum = 2'166'136'261U;
  for (const char c : text) {
    sum = (sum ^ static_cast<unsigned char>(c)) * 16'777'619U;
  }
  std::string digits(kCheckDigits, '0');
  for (std::size_t i = kCheckDigits; i-- > 0; sum >>= 4U) {
    digits[i] = "0123456789abcdef"[sum & 0xfU];
  }
  return digits;
}

bool is_tag(std::string_view text) { return text.size() == kTagDigits && is_lower_hex(text); }

std::optional<StreamPosition> parse_part(std::string_view text) {
  if (text.size() < kTagDigits + 2 || text[kTagDigits] != ':' ||
      !is_tag(text.substr(0, kTagDigits))) {
    return std::nullopt;
  }
  StreamPosition part;
  part.tag = text.substr(0, kTagDigits);
  const std::string_view position = text.substr(kTagDigits + 1);
  if (position != "?") {
    part.position = parse_event_id(position);
    if (!part.position) {
      return std::nullopt;
    }
  }
  return part;
}

}  // namespace

std::string stream_tag(std::string_view stream) {
  return hex(sha256(stream)).substr(0, kTagDigits);
}

std::string format_composite_id(const std::vector<StreamPosition>& parts) {
  std::string text;
  for (const StreamPosition& part : parts) {
    text.append(".").append(part.tag).append(":");
    text.append(part.position ? format_event_id(*part.position) : "?");
  }
  return kMark + check_of(text) + text;
}

bool is_composite_id(std::string_view text) { return text.starts_with(kMark); }

std::optional<std::vector<StreamPosition>> parse_composite_id(std::string_view text) {
  if (!is_composite_id(text) || text.size() < 1 + kCheckDigits) {
    return std::nullopt;
  }
  std::string_view rest = text.substr(1 + kCheckDigits);
  if (check_of(rest) != text.substr(1, kCheckDigits)) {
    return std::nullopt;
  }
  std::vector<StreamPosition> parts;
  while (!rest.empty()) {
    if (rest.front() != '.' || parts.size() == kMaxStreams) {
      return std::nullopt;
    }
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('.'), rest.size());
    std::optional<StreamPosition> part = parse_part(rest.substr(0, end));
    const bool again = part && std::any_of(parts.begin(), parts.end(),
                                           [&](const auto& each) { return each.tag == part->tag; });
    if (!part || again) {
      return std::nullopt;
    }
    parts.push_back(std::move(*part));
    rest.remove_prefix(end);
  }
  return parts;
}

}  // namespace notify
