#include "shared/sql/migrations.hpp"

#include <cstdio>

#include "ctl/commands.hpp"

namespace notify::ctl {
namespace {

std::string url_text(const Settings& settings, const MigrateOptions& options) {
  if (!options.database_url.empty()) {
    return options.database_url;
  }
  if (auto value = find_setting(settings, "DATABASE_URL")) {
    return std::move(*value);
  }
  return sql::default_database_url(settings.run_dir);
}

int tell(sql::Session& session) {
  const auto current = sql::current_migration(session);
  if (!current) {
    complain(current.error().message);
    return kExitFailed;
  }
  std::printf("at migration %d of %d\n", *current, sql::latest_migration());
  return *current == sql::latest_migration() ? kExitDone : kExitFailed;
}

}  // namespace

int migrate(const Settings& settings, const MigrateOptions& options) {
  const auto url = sql::parse_database_url(url_text(settings, options));
  if (!url) {
    complain("DATABASE_URL: " + url.error().message);
    return kExitUsage;
  }
  auto session = sql::Session::open(*url);
  if (!session) {
    complain(url->place + ": " + session.error().message);
    return kExitFailed;
  }
  if (options.status) {
    return tell(**session);
  }
  const auto applied = sql::migrate(**session);
  if (!applied) {
    complain(url->place + ": " + applied.error().message);
    return kExitFailed;
  }
  for (const auto& step : *applied) {
    std::printf("applied migration %d (%s)\n", step.number, step.name.c_str());
  }
  if (applied->empty()) {
    std::printf("nothing to do: at migration %d\n", sql::latest_migration());
  }
  return kExitDone;
}

}  // namespace notify::ctl
