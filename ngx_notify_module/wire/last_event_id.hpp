#pragma once

// Where a client says that it was: the header Last-Event-ID, or the argument `last_event_id` for
// those who cannot set headers. Any bytes may stand there. Pure.

#include <optional>
#include <string_view>
#include <vector>

#include "ngx_notify_module/wire/composite_id.hpp"
#include "shared/model/entry_id.hpp"

namespace notify {

struct LastEventId {
  enum class Kind {
    kAbsent,   // it does not say: also where the text is empty
    kKnown,    // an event id
    kSeveral,  // the places in several streams
    kUnknown,  // something else: what it has seen cannot be told
  };
  Kind kind = Kind::kAbsent;
  EntryId id;
  std::vector<StreamPosition> places;  // kSeveral
};

// The header wins, unless it is empty. `query` without the `?`.
LastEventId parse_last_event_id(std::optional<std::string_view> header, std::string_view query);

}  // namespace notify
