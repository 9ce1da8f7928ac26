#include "shared/model/entry_id.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "shared/base/text.hpp"

namespace notify {
namespace {

constexpr std::size_t kSeqDigits = 8;

// The two sides of the one dash.
struct Halves {
  std::string_view ms;
  std::string_view seq;
};

std::optional<Halves> split(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) {
    return std::nullopt;
  }
  return Halves{text.substr(0, dash), text.substr(dash + 1)};
}

}  // namespace

std::optional<EntryId> parse_entry_id(std::string_view text) {
  const auto halves = split(text);
  const auto ms = halves ? parse_u64(halves->ms) : std::nullopt;
  const auto seq = halves ? parse_u64(halves->seq) : std::nullopt;
  if (!ms || !seq) {
    return std::nullopt;
  }
  return EntryId{*ms, *seq};
}

std::string format_entry_id(EntryId id) {
  return std::to_string(id.ms) + "-" + std::to_string(id.seq);
}

std::optional<EntryId> parse_event_id(std::string_view text) {
  const auto halves = split(text);
  const auto ms = halves ? parse_u64(halves->ms) : std::nullopt;
  if (!ms) {
    return std::nullopt;
  }
  EntryId id{*ms, 0};
  const char* end = halves->seq.data() + halves->seq.size();
  const auto [stop, error] = std::from_chars(halves->seq.data(), end, id.seq, 16);
  // Comparing with the one right spelling refuses leading zeros, upper case and too few digits.
  if (error != std::errc{} || stop != end || format_event_id(id) != text) {
    return std::nullopt;
  }
  return id;
}

std::string format_event_id(EntryId id) {
  std::array<char, 16> digits{};
  const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), id.seq, 16);
  const auto length = static_cast<std::size_t>(result.ptr - digits.data());
  std::string out = std::to_string(id.ms);
  out += '-';
  out.append(kSeqDigits - std::min(length, kSeqDigits), '0');
  out.append(digits.data(), length);
  return out;
}

}  // namespace notify
