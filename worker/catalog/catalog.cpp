#include "worker/catalog/catalog.hpp"

#include <algorithm>
#include <utility>

#include "shared/auth/weak_password.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kDrainCheck{50};
// Beyond the database's patience: until what was acknowledged is recorded, or told to Redis.
constexpr std::chrono::milliseconds kRecorded{5'000};

SqlOptions sql_options(const Config& config) {
  SqlOptions options;
  // It was parsed when the settings were read.
  options.url = *sql::parse_database_url(config.catalog.database_url);
  // SQLite has one writer at a time; a second session reads meanwhile.
  options.threads = options.url.dialect == sql::Dialect::kSqlite
                        ? std::min(config.catalog.threads, 2U)
                        : config.catalog.threads;
  options.patience = config.catalog.patience;
  return options;
}

HttpServer::Options server_options(const Config& config) {
  HttpServer::Options options;
  options.group = config.socket_group;
  options.max_connections = config.catalog.connections;
  options.path =
      config.catalog.socket.empty() ? config.run_dir + "/catalog.sock" : config.catalog.socket;
  return options;
}

Outbox::Options outbox_options(const Config& config, const std::string& token) {
  Outbox::Options options;
  options.holder = token;
  options.database = static_cast<int>(config.redis.db);
  options.entry_length = config.catalog.stream_length;
  return options;
}

}  // namespace

Catalog::Catalog(process::Loop& loop, Log& log, redis::Client& commands, Engine& engine,
                 Janitor& janitor, Metrics& metrics, const Config& config,
                 const redis::LinkOptions& link, const std::string& token)
    : host_(loop),
      pool_(std::make_unique<SqlPool>(loop, log, sql_options(config))),
      clients_(loop, log, commands, *pool_),
      outbox_(loop, log, commands, *pool_, outbox_options(config, token)),
      sender_(loop, log, *pool_, outbox_,
              {config.catalog.app_env,
               {config.catalog.schema_steps,
                {config.catalog.template_steps, config.catalog.template_bytes}}}),
      acknowledger_(loop, log, commands, *pool_, {config.catalog.app_env, token}),
      outgoing_(loop, log, commands, engine, janitor, *pool_,
                {link, token, config.budget_burst, config.budget_rate, config.catalog.backlog,
                 config.catalog.providers, &metrics}),
      sweep_(loop, log, commands, *pool_, metrics,
             {config.catalog.app_env, token, config.catalog.sweep,
              config.catalog.patience + kRecorded}),
      api_(loop, log, *pool_, clients_, sender_, acknowledger_,
           {config.catalog.admin_name,
            config.catalog.admin_password,
            config.catalog.app_env,
            config.catalog.providers,
            TargetRule(config.allowed_targets),
            {config.catalog.token_ttl, config.catalog.token_max_ttl}}),
      server_(loop, log, server_options(config),
              [this](const ApiRequest& request, HttpServer::Respond respond) {
                api_.handle(request, std::move(respond));
              }),
      drain_timer_(loop.timer(redis::TimerKind::kHolding, [this] { check_drained(); })) {
  api_.on_providers_changed([this] { outgoing_.refresh(); });
  const auto weakness = password_weakness(config.catalog.admin_name, config.catalog.admin_password);
  if (!weakness.empty()) {
    log.write(LogLevel::kWarning, "the superuser's password is weak",
              {{"why", std::string(weakness)}});
  }
}

// Threads first: no answer of theirs finds a part that is gone.
Catalog::~Catalog() { pool_.reset(); }

void Catalog::start() { server_.start(); }

void Catalog::on_link(bool ready) {
  clients_.on_link(ready);
  outbox_.on_link(ready);
  acknowledger_.on_link(ready);
  outgoing_.on_link(ready);
  sweep_.on_link(ready);
}

void Catalog::drain(std::function<void()> drained) {
  drained_ = std::move(drained);
  server_.drain();
  outbox_.stop();
  acknowledger_.stop();
  outgoing_.stop();
  sweep_.stop();
  host_.post([this] { check_drained(); });
}

void Catalog::check_drained() {
  if (!drained_) {
    return;
  }
  if (server_.in_hand() == 0 && pool_->outstanding() == 0) {
    return std::exchange(drained_, nullptr)();
  }
  drain_timer_->arm(kDrainCheck);
}

}  // namespace notify::worker
