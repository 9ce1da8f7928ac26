#pragma once

// Server-sent events as bytes (WHATWG HTML, "Server-sent events"). Pure.
//
// An event is `data:` lines, then `event:`, then `id:`, then a blank line: `data:` stays the first
// line of a frame for those who read no further.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/model/entry_id.hpp"

namespace notify::sse {

// `data` may have any line ends; each of its lines is a line of the frame. Line ends in `name` and
// `id` are left out. An empty name or id is no line.
void append_event(std::string& out, std::string_view data, std::string_view name,
                  std::string_view id);

// The same without the end: who knows the id ends it with append_id().
void append_open_event(std::string& out, std::string_view data, std::string_view name);
void append_id(std::string& out, std::string_view id);
// Whether the text is a whole event (or several), with nothing to be put to it.
[[nodiscard]] bool is_complete(std::string_view frame);

// No event: only the id that the client is to come back with.
std::string bare_id(std::string_view id);

// What a stream begins with: how long to wait before connecting again (if given), then the event
// (if it has data or a name).
std::string opening(std::optional<std::uint64_t> retry_ms, std::string_view name,
                    std::string_view data);

// Only that.
std::string retry(std::uint64_t ms);

// A comment: keeps the connection alive, seen by nobody. Without text a lone colon.
std::string comment(std::string_view text);
// The same without the blank line behind it: where a client has had an id, some make an empty event
// of any blank line.
std::string comment_line(std::string_view text);

// `event: expired`: what the stream was opened with (`token`, `key`) is no longer good; it ends
// here.
std::string expired(std::string_view what);

// `event: gap` with {"stream":…,"reason":…,"after":…,"id":…}; `after` is null where it is 0-0 and
// the reason is that nobody could understand it.
std::string gap(std::string_view stream, std::string_view reason, std::optional<EntryId> after,
                std::optional<EntryId> position);
// That object alone.
std::string gap_data(std::string_view stream, std::string_view reason, std::optional<EntryId> after,
                     std::optional<EntryId> position);

}  // namespace notify::sse
