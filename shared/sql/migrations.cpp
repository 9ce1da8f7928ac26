#include "shared/sql/migrations.hpp"

#include <array>
#include <string_view>

#include "shared/base/clock.hpp"
#include "shared/base/crypto.hpp"
#include "shared/base/text.hpp"
#include "shared/base/uuid.hpp"

namespace notify::sql {
namespace {

struct Step {
  int number;
  std::string_view name;
  // Statements that end with `;`. UUID is TEXT in SQLite, which has no such type. JSON is TEXT in
  // both: it is given back byte for byte as it came.
  std::string_view statements;
};

constexpr std::array kSteps = {
    Step{1, "catalogue", R"(
CREATE TABLE clients (
  id UUID PRIMARY KEY,
  client_name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  api_key TEXT NOT NULL UNIQUE,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE TABLE channels (
  id UUID PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE TABLE providers (
  id UUID PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL,
  channel_id UUID NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  config TEXT NOT NULL,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  dead_mark TEXT NOT NULL DEFAULT '0-0',
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX providers_channel ON providers (channel_id);
CREATE INDEX providers_name ON providers (name_key);
CREATE TABLE receivers (
  id UUID PRIMARY KEY,
  client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL,
  email TEXT,
  phone_number TEXT,
  meta_data TEXT,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (client_id, user_id)
);
CREATE TABLE templates (
  id UUID PRIMARY KEY,
  channel_id UUID NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  provider_id UUID NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
  template_ref_id TEXT NOT NULL,
  template_name TEXT NOT NULL,
  description TEXT,
  meta_data TEXT,
  schema TEXT,
  is_active BOOLEAN NOT NULL DEFAULT TRUE,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX templates_channel ON templates (channel_id);
CREATE INDEX templates_provider ON templates (provider_id);
CREATE TABLE requests (
  id UUID PRIMARY KEY,
  client_id UUID NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
  channel_id UUID NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
  provider_id UUID REFERENCES providers (id) ON DELETE SET NULL,
  receiver_id UUID NOT NULL REFERENCES receivers (id) ON DELETE CASCADE,
  template_id UUID REFERENCES templates (id) ON DELETE SET NULL,
  payload TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING', 'ACCEPTED', 'REJECTED')),
  error_message TEXT,
  request_source TEXT NOT NULL,
  message_id TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE INDEX requests_receiver ON requests (receiver_id, message_id);
CREATE INDEX requests_provider ON requests (provider_id, created_at);
CREATE INDEX requests_created ON requests (created_at, id);
CREATE TABLE outbox (
  id UUID PRIMARY KEY,
  request_id UUID NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
  stream TEXT NOT NULL,
  is_entry BOOLEAN NOT NULL,
  fields TEXT NOT NULL,
  holder TEXT NOT NULL,
  lease_until BIGINT NOT NULL,
  created_at TEXT NOT NULL
);
CREATE INDEX outbox_request ON outbox (request_id);
CREATE INDEX outbox_lease ON outbox (lease_until);
CREATE TABLE catalog_state (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
);
INSERT INTO channels (id, name, description, created_at, updated_at)
VALUES ('@uuid', 'push_notification',
  'Notifications to users who are connected', '@now', '@now');
INSERT INTO catalog_state (name, value) VALUES ('database_id', '@random');
INSERT INTO catalog_state (name, value) VALUES ('clients_revision', '1');
)"},
    Step{2, "withdrawals", R"(
ALTER TABLE outbox ADD COLUMN withdrawn TEXT;
)"},
    Step{3, "pending requests", R"(
CREATE INDEX requests_pending ON requests (receiver_id, id)
WHERE status = 'PENDING' AND message_id IS NOT NULL;
)"},
    // Of rows that were there before nobody knows it.
    Step{4, "the environment of requests", R"(
ALTER TABLE requests ADD COLUMN app_env TEXT;
DROP INDEX requests_pending;
CREATE INDEX requests_pending ON requests (app_env, receiver_id, id)
WHERE status = 'PENDING' AND message_id IS NOT NULL;
)"},
    // Databases that are older than that have the same id in all installations, and who knows it
    // can name it. What refers to it follows; the name waits aside, since it is unique.
    Step{5, "a random id of the first channel", R"(
INSERT INTO channels (id, name, description, is_active, created_at, updated_at)
SELECT '@uuid', name || '@random', description, is_active, created_at, '@now' FROM channels
WHERE id = 'c0000000-0000-4000-8000-000000000001';
UPDATE providers SET channel_id = '@uuid'
WHERE channel_id = 'c0000000-0000-4000-8000-000000000001';
UPDATE templates SET channel_id = '@uuid'
WHERE channel_id = 'c0000000-0000-4000-8000-000000000001';
UPDATE requests SET channel_id = '@uuid'
WHERE channel_id = 'c0000000-0000-4000-8000-000000000001';
DELETE FROM channels WHERE id = 'c0000000-0000-4000-8000-000000000001';
UPDATE channels SET name = substr(name, 1, length(name) - 32) WHERE id = '@uuid';
)"},
    Step{6, "inactive receivers", R"(
CREATE INDEX receivers_inactive ON receivers (updated_at) WHERE is_active = FALSE;
)"},
};

std::string replace_all(std::string text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

Result<void> apply(Session& session, const Step& step) {
  const auto now = format_iso8601_utc(unix_us(), UtcSuffix::kZ);
  std::string text(step.statements);
  if (session.dialect() == Dialect::kSqlite) {
    text = replace_all(std::move(text), " UUID ", " TEXT ");
  }
  text = replace_all(std::move(text), "@now", now);
  text = replace_all(std::move(text), "@random", random_hex(16));
  text = replace_all(std::move(text), "@uuid", make_uuid());
  std::string_view rest = text;
  for (auto end = rest.find(';'); end != rest.npos; end = rest.find(';')) {
    if (auto done = session.run(rest.substr(0, end)); !done) {
      return done.error();
    }
    rest.remove_prefix(end + 1);
  }
  auto noted = session.run("INSERT INTO schema_migrations (number, name, applied_at) VALUES (" +
                               std::to_string(step.number) + ", ?, ?)",
                           {std::string(step.name), now});
  return noted ? Result<void>() : Result<void>(noted.error());
}

Result<bool> has_table(Session& session) {
  auto rows = session.query(
      session.dialect() == Dialect::kSqlite
          ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'"
          : "SELECT CAST(to_regclass('schema_migrations') AS TEXT)",
      1);
  if (!rows) {
    return rows.error();
  }
  return !rows->empty() && rows->front()[0].has_value();
}

Result<void> make_table(Session& session) {
  if (session.dialect() == Dialect::kPostgres) {
    // Two that create the same table at the same time would meet in PostgreSQL's own catalogue.
    if (auto locked = session.run("SELECT pg_advisory_xact_lock(20261125)"); !locked) {
      return locked.error();
    }
  }
  auto made = session.run(
      "CREATE TABLE IF NOT EXISTS schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT "
      "NULL, applied_at TEXT NOT NULL)");
  return made ? Result<void>() : Result<void>(made.error());
}

}  // namespace

int latest_migration() { return kSteps.back().number; }

Result<int> current_migration(Session& session) {
  auto there = has_table(session);
  if (!there) {
    return there.error();
  }
  if (!*there) {
    return 0;
  }
  auto rows =
      session.query("SELECT CAST(COALESCE(MAX(number), 0) AS TEXT) FROM schema_migrations", 1);
  if (!rows) {
    return rows.error();
  }
  const auto number = rows->empty() ? std::nullopt : parse_u64(rows->front()[0].value_or(""));
  if (!number || *number > 1'000'000) {
    return Error{ErrorKind::kInternal, "schema_migrations holds no number"};
  }
  return static_cast<int>(*number);
}

Result<std::vector<Migrated>> migrate(Session& session) {
  return in_transaction(session, [&session]() -> Result<std::vector<Migrated>> {
    if (auto made = make_table(session); !made) {
      return made.error();
    }
    const auto current = current_migration(session);
    if (!current) {
      return current.error();
    }
    if (*current > latest_migration()) {
      return Error{ErrorKind::kConflict, "the database is at migration " +
                                             std::to_string(*current) + ", this program knows " +
                                             std::to_string(latest_migration()) +
                                             ": use the newer program"};
    }
    std::vector<Migrated> applied;
    for (const auto& step : kSteps) {
      if (step.number <= *current) {
        continue;
      }
      if (auto done = apply(session, step); !done) {
        return Error{done.error().kind,
                     "migration " + std::to_string(step.number) + ": " + done.error().message};
      }
      applied.push_back({step.number, std::string(step.name)});
    }
    return applied;
  });
}

}  // namespace notify::sql
