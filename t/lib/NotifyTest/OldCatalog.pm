package NotifyTest::OldCatalog;

# The catalogue's tables as earlier programs have made them: the text of their migrations, which stays as it is.
# Then the first channel had the same id in all installations.

use v5.36;

use constant CHANNEL => 'c0000000-0000-4000-8000-000000000001';

my @steps = (
    ['catalogue', <<'SQL'],
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
VALUES ('c0000000-0000-4000-8000-000000000001', 'push_notification',
  'Notifications to users who are connected', '2026-01-01T00:00:00.000000Z', '2026-01-01T00:00:00.000000Z');
INSERT INTO catalog_state (name, value) VALUES ('database_id', '5f4dcc3b5aa765d61d8327deb882cf99');
INSERT INTO catalog_state (name, value) VALUES ('clients_revision', '1');
SQL
    ['withdrawals', <<'SQL'],
ALTER TABLE outbox ADD COLUMN withdrawn TEXT;
SQL
    ['pending requests', <<'SQL'],
CREATE INDEX requests_pending ON requests (receiver_id, id)
WHERE status = 'PENDING' AND message_id IS NOT NULL;
SQL
    ['the environment of requests', <<'SQL'],
ALTER TABLE requests ADD COLUMN app_env TEXT;
DROP INDEX requests_pending;
CREATE INDEX requests_pending ON requests (app_env, receiver_id, id)
WHERE status = 'PENDING' AND message_id IS NOT NULL;
SQL
);

# Makes the tables in an empty database as they were after the first $count steps.
sub make ($database, $count) {
    my @sql = ('CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL)');
    for my $number (1 .. $count) {
        my ($name, $text) = $steps[$number - 1]->@*;
        push @sql, split(/;\n/, $text), "INSERT INTO schema_migrations VALUES ($number, '$name', '2026-01-01T00:00:00.000000Z')";
    }
    s/ UUID / TEXT /g for $database->kind eq 'sqlite' ? @sql : ();
    $database->query($_) for @sql;
    return;
}

1;
