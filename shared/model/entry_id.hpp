#pragma once

// The id of an entry in a Redis stream, in its two spellings:
//
//   Redis    <ms>-<seq>      both decimal, 64 bits unsigned each   (XADD, XRANGE, …)
//   event    <ms>-<seq hex>  the sequence as eight lower-case hexadecimal digits, more only where
//                            the number needs them
//
// One to one. The event spelling is what publishing answers, what `id:` lines carry, and what
// `Last-Event-ID` brings back.

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace notify {

struct EntryId {
  std::uint64_t ms = 0;
  std::uint64_t seq = 0;

  auto operator<=>(const EntryId&) const = default;
  [[nodiscard]] bool is_zero() const { return ms == 0 && seq == 0; }
};

// Exactly `<digits>-<digits>`, no sign, no blank, in range. Redis' incomplete ids are refused.
std::optional<EntryId> parse_entry_id(std::string_view text);
std::string format_entry_id(EntryId id);

// Exactly the event spelling above: anything that format_event_id() would not print is refused.
std::optional<EntryId> parse_event_id(std::string_view text);
std::string format_event_id(EntryId id);

}  // namespace notify
