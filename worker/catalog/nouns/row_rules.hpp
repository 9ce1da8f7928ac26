#pragma once

// What a row must be beyond its columns: what it refers to, and what only its noun knows. For jobs
// of the SQL pool.

#include <optional>

#include "shared/sql/session.hpp"
#include "worker/catalog/nouns/noun.hpp"
#include "worker/net/target_address.hpp"

namespace notify::worker {

// Adds what is wrong with what was read so far; needs no database. `targets` says where a
// provider's URL may lead.
void check_values(const Noun& noun, NounValues& values, const TargetRule& targets);
// Why the row cannot be made; nullopt: it can.
// `places`: of providers.
Result<std::optional<Answer>> check_create(sql::Session& session, const Noun& noun,
                                           const std::string& id, const NounValues& values,
                                           std::size_t places);
// Why it cannot be changed so.
Result<std::optional<Answer>> check_update(sql::Session& session, const Noun& noun,
                                           const std::string& id, const NounValues& values,
                                           std::size_t places);

}  // namespace notify::worker
