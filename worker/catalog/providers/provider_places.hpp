#pragma once

// Which providers the workers serve: those that are active, and those through which something may
// still be on its way. Each takes a place, of a bounded number: with none left no other provider
// becomes active. For jobs of the SQL pool.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "shared/sql/session.hpp"
#include "worker/catalog/answer.hpp"

namespace notify::worker {

struct ProviderRow {
  std::string id;
  std::string config;
  bool active = false;
  std::string dead_mark;
};

struct ProviderRows {
  std::vector<ProviderRow> rows;  // active ones first, the oldest of them first
  std::size_t without_place = 0;
};

Result<ProviderRows> read_providers(sql::Session& session, std::size_t places);

// Why this provider cannot become active, with that code; nullopt: it can, or is. Inside of the
// transaction that makes it so: no other one takes the last place meanwhile.
Result<std::optional<Answer>> check_place(sql::Session& session, const std::string& id,
                                          std::size_t places, int code);

}  // namespace notify::worker
