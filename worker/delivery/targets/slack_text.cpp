#include "worker/delivery/targets/slack_text.hpp"

#include <algorithm>

#include "shared/base/text.hpp"
#include "shared/base/utf8.hpp"

namespace notify::worker::slack {
namespace {

constexpr std::string_view kCut = "\xe2\x80\xa6";  // …
constexpr std::size_t kMostMention = 200;

std::string_view escaped(std::string_view character) {
  if (character == "&") return "&amp;";
  if (character == "<") return "&lt;";
  if (character == ">") return "&gt;";
  return character;
}

// UTF-16 units: one for each byte of an escape, two for characters beyond U+FFFF.
std::size_t units(std::string_view piece) {
  return piece.front() == '&' ? piece.size() : (piece.size() == 4 ? 2 : 1);
}

std::string cut(std::string_view text, std::size_t most, bool escapes) {
  std::string out;
  out.reserve(std::min(text.size(), 4 * most) + 16);
  std::size_t used = 0;
  std::size_t fits = 0;  // length of `out` up to which the mark would fit as well
  while (!text.empty()) {
    const auto step = utf8_step(text);
    auto piece = step.valid ? text.substr(0, step.length) : kReplacement;
    text.remove_prefix(step.length);
    if (escapes) {
      piece = escaped(piece);
    }
    const auto size = units(piece);
    if (used + size > most) {
      out.resize(fits);
      return out.append(kCut);
    }
    out += piece;
    used += size;
    if (used < most) {
      fits = out.size();
    }
  }
  return out;
}

bool is_id(std::string_view text, std::string_view first) {
  return text.size() >= 2 && text.size() <= 64 && first.find(text.front()) != first.npos &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == text.npos;
}

}  // namespace

std::string escape(std::string_view text, std::size_t most) { return cut(text, most, true); }

std::string shorten(std::string_view text, std::size_t most) { return cut(text, most, false); }

std::string mention(std::string_view recipient) {
  auto id = trim(recipient);
  const char sign = id.empty() ? '\0' : id.front();
  if (sign == '@' || sign == '#') {
    id.remove_prefix(1);
  }
  if (sign != '#' && is_id(id, "UW")) {
    return "<@" + std::string(id) + ">";
  }
  if (sign != '#' && is_id(id, "S")) {
    return "<!subteam^" + std::string(id) + ">";
  }
  if (sign != '@' && is_id(id, "CG")) {
    return "<#" + std::string(id) + ">";
  }
  return escape(trim(recipient), kMostMention);
}

}  // namespace notify::worker::slack
