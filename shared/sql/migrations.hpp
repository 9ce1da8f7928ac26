#pragma once

// The tables of the catalogue, as numbered steps: each is applied once and never changed after it
// was released. What is missing is applied in one transaction, in order. The table
// schema_migrations knows which were applied.

#include <cstddef>
#include <string>
#include <vector>

#include "shared/sql/session.hpp"

namespace notify::sql {

// The number of the last step that this program knows.
int latest_migration();

// The number of the last one that the database has; 0: an empty one.
Result<int> current_migration(Session& session);

struct Migrated {
  int number = 0;
  std::string name;
};

// Applies what is missing and tells what it was. Several may do it at the same time. kConflict: the
// database was migrated by a newer program than this one.
Result<std::vector<Migrated>> migrate(Session& session);

}  // namespace notify::sql
