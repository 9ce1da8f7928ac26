#pragma once

// What one atomic look at a stream found: the entries after a position, and the facts that decide
// whether something between that position and the first entry is gone.

#include <cstdint>
#include <vector>

#include "shared/model/entry.hpp"

namespace notify {

struct Page {
  bool exists = false;       // false: there is no such key, and all else is zero
  EntryId first;             // of the oldest entry that is still there; 0-0 in an empty stream
  EntryId last_generated;    // the highest id ever given, whether or not it is still there
  std::uint64_t length = 0;  // entries that are there now
  std::int64_t added = 0;    // entries ever added; -1 where Redis (before 7) does not say
  bool more = false;         // further entries follow the last of `entries`
  std::vector<Entry> entries;
};

}  // namespace notify
