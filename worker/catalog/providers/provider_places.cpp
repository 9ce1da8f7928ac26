#include "worker/catalog/providers/provider_places.hpp"

#include "shared/base/clock.hpp"
#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

using sql::Session;

constexpr std::int64_t kRecently = 24LL * 3600 * 1000'000;  // us; all attempts take some two hours

// Has one parameter.
constexpr std::string_view kHasPlace =
    "(is_active = TRUE OR EXISTS (SELECT 1 FROM requests WHERE provider_id = providers.id AND "
    "requests.created_at > ?))";

std::string recently() { return format_iso8601_utc(unix_us() - kRecently, UtcSuffix::kZ); }

// How many, but for the one of that id; empty: all of them.
Result<std::size_t> count_places(Session& session, const std::string& but) {
  sql::Parameters parameters{recently()};
  if (!but.empty()) {
    parameters.emplace_back(but);
  }
  auto rows = session.query("SELECT CAST(COUNT(*) AS TEXT) FROM providers WHERE " +
                                std::string(kHasPlace) + (but.empty() ? "" : " AND id <> ?"),
                            1, parameters);
  if (!rows) {
    return rows.error();
  }
  return static_cast<std::size_t>(parse_u64(rows->front()[0].value_or("0")).value_or(0));
}

}  // namespace

Result<ProviderRows> read_providers(Session& session, std::size_t places) {
  auto rows = session.query(
      "SELECT CAST(id AS TEXT), config, CASE WHEN is_active THEN '1' ELSE '0' END, dead_mark FROM "
      "providers WHERE " +
          std::string(kHasPlace) +
          " ORDER BY CASE WHEN is_active THEN 0 ELSE 1 END, created_at, id LIMIT " +
          std::to_string(places),
      4, {recently()});
  if (!rows) {
    return rows.error();
  }
  ProviderRows out;
  for (const auto& row : *rows) {
    out.rows.push_back(
        {row[0].value_or(""), row[1].value_or("{}"), row[2] == "1", row[3].value_or("0-0")});
  }
  if (out.rows.size() == places) {
    const auto all = count_places(session, "");
    if (!all) {
      return all.error();
    }
    out.without_place = *all > places ? *all - places : 0;
  }
  return out;
}

Result<std::optional<Answer>> check_place(Session& session, const std::string& id,
                                          std::size_t places, int code) {
  if (session.dialect() == sql::Dialect::kPostgres) {
    // Two that become active at the same time would not see each other. SQLite has one writer.
    if (auto locked = session.run("SELECT pg_advisory_xact_lock(20261126)"); !locked) {
      return locked.error();
    }
  }
  auto active =
      session.query("SELECT '1' FROM providers WHERE is_active = TRUE AND id = ?", 1, {id});
  if (!active) {
    return active.error();
  }
  const auto others = count_places(session, id);
  if (!others) {
    return others.error();
  }
  if (!active->empty() || *others < places) {
    return std::optional<Answer>();
  }
  return std::optional(
      failure(409, code, "The provider is not active",
              "There are " + std::to_string(*others) +
                  " providers that are active, or were used within the last 24 hours; " +
                  std::to_string(places) +
                  " may be (NOTIFY_CATALOG_PROVIDERS). Deactivate one that is not needed"));
}

}  // namespace notify::worker
