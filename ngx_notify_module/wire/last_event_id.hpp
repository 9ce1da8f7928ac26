#pragma once

// Where a client says that it was: the header Last-Event-ID, or an argument of the query for those
// who cannot set headers. Any bytes may stand there. Pure.

#include <optional>
#include <span>
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

// `headers`: the values of all headers of that name. They win over the query (without the `?`),
// unless all are empty: a client that comes back has the URL that it began with. In the query an
// argument counts whose name is `last event id` in any case of letters, with or without `-` and `_`
// between the words: each of them is some client's.
//
// Of several places that differ the earliest counts: an event that comes again can be recognised,
// one that is left out cannot. kUnknown where they cannot be compared.
LastEventId parse_last_event_id(std::span<const std::string_view> headers, std::string_view query);

}  // namespace notify
