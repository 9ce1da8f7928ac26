#pragma once

// Is something missing between a position and what a stream holds now? A false alarm is allowed, a
// missing one is not.

#include <cstdint>
#include <string_view>

#include "shared/model/page.hpp"

namespace notify::hub {

enum class Loss : std::uint8_t {
  kNone,
  kTrimmed,  // entries after the position were removed before they were read
  kAhead,    // the stream ends before the position: it was deleted, or an older copy took over
  kUnknown,  // the position could not be understood
};

// As it stands in the signal: "trimmed", "ahead", "unknown".
std::string_view reason(Loss loss);

// What became of the entries after `position`, by a page that was read after it. `added_before`:
// how many entries the stream had ever seen up to `position` (-1: not known); if all that follows
// is on the page it must be as many as were added since.
Loss loss_after(EntryId position, std::int64_t added_before, const Page& page);

// Where a reader stands who was told of that loss. All further entries of the page lie beyond it.
EntryId position_after(Loss loss, const Page& page);

}  // namespace notify::hub
