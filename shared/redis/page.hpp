#pragma once

// Entries and pages as they come from Redis.

#include <optional>

#include "shared/model/entry.hpp"
#include "shared/model/page.hpp"
#include "shared/redis/reply.hpp"

namespace notify::redis {

// [id, [name, value, …]], as in XRANGE and XREADGROUP. nullopt for any other shape: also for an
// entry that XREADGROUP knows only by its id, since it was deleted meanwhile (its fields are nil).
std::optional<Entry> parse_entry(const Reply& reply);

// The answer of scripts/read.lua. nullopt where it has another shape.
std::optional<Page> parse_read(const Reply& reply);

}  // namespace notify::redis
