#pragma once

#include <string_view>
#include <vector>

#include "shared/model/entry.hpp"
#include "shared/redis/page.hpp"
#include "shared/redis/reply.hpp"

namespace notify::ctl {

// What of a list of entries (XRANGE, XREAD) is well-formed.
std::vector<Entry> read_entries(redis::Reply reply);

// The member of an answer that is a flat list of names and values (XINFO): nil if it has none.
redis::Reply find_member(redis::Reply reply, std::string_view name);

}  // namespace notify::ctl
