#pragma once

// The commands about inboxes: what one consumer of a group has not acknowledged. What each takes
// and answers stands at the top of its script.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/entry.hpp"
#include "shared/redis/client.hpp"

namespace notify {

struct InboxName {
  std::string_view stream;
  std::string_view group;
  std::string_view consumer;
  std::uint64_t expire_ms = 0;  // for how long it is kept without use; 0: for ever
};

struct InboxPage {
  EntryId cursor;             // where the next page goes on
  bool more = false;          // there may be one
  std::uint64_t trimmed = 0;  // entries that are not there any more
  EntryId last;               // the last one that the stream gave out
  std::vector<Entry> entries;
};

redis::Command inbox_command(const InboxName& inbox, EntryId after);
// nullopt for an answer of another shape.
std::optional<InboxPage> parse_inbox(const redis::Reply& reply);

// Answers for each id {1 if this has acknowledged it, ''}.
redis::Command acknowledge_command(const InboxName& inbox, std::span<const EntryId> ids);

}  // namespace notify
