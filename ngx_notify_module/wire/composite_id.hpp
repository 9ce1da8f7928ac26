#pragma once

// The event id of a client that has several streams on one connection: where it stands in each of
// them. Pure.
//
//   c<check>.<tag>:<position>.<tag>:<position>…
//
//   check      32 bits of all that follows it (FNV-1a), as eight lower-case hexadecimal digits: an
//              id that was cut, at whichever place, is known as one
//   tag        says which stream it is: the first 12 digits of the SHA-256 of its key
//   position   an event id (entry_id.hpp), or `?` where nobody knows what the client has seen
//
// No event id begins like this, and it is no secret: who makes one up is served from where it says.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/entry_id.hpp"

namespace notify {

inline constexpr std::size_t kMaxStreams = 16;  // on one connection

struct StreamPosition {
  std::string tag;
  std::optional<EntryId> position;  // absent: it is not known
};

std::string stream_tag(std::string_view stream);

std::string format_composite_id(const std::vector<StreamPosition>& parts);

[[nodiscard]] bool is_composite_id(std::string_view text);  // or should be one
// nullopt for what format_composite_id() would not print, and where a stream is there twice.
std::optional<std::vector<StreamPosition>> parse_composite_id(std::string_view text);

}  // namespace notify
