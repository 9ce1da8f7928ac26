#include "shared/sql/database_url.hpp"

namespace notify::sql {
namespace {

constexpr std::string_view kExpected =
    "expected sqlite:/path/of/a/file or postgresql://user:password@host:port/database";

// What a connection needs so that a peer that is gone is noticed; the URL's own options win.
void add_option(std::string& url, std::string_view name, std::string_view value) {
  const auto query = url.find('?');
  const auto given =
      query == std::string::npos ? std::string::npos : url.find(std::string(name) + "=", query);
  if (given != std::string::npos) {
    return;
  }
  url += query == std::string::npos ? '?' : '&';
  url += name;
  url += '=';
  url += value;
}

Result<DatabaseUrl> parse_postgres(std::string_view rest) {
  DatabaseUrl url;
  url.dialect = Dialect::kPostgres;
  url.connect = "postgresql://" + std::string(rest);
  add_option(url.connect, "connect_timeout", "3");
  add_option(url.connect, "application_name", "notify");
  add_option(url.connect, "keepalives_idle", "10");
  add_option(url.connect, "keepalives_interval", "5");
  add_option(url.connect, "tcp_user_timeout", "10000");
  auto place = rest.substr(0, rest.find('?'));
  const auto slash = place.find('/');
  if (const auto at = place.substr(0, slash).rfind('@'); at != place.npos) {
    place.remove_prefix(at + 1);
  }
  if (place.find('@') != place.npos) {
    place = {};  // an unescaped one in the password: rather say less
  }
  url.place = "postgresql://" + std::string(place);
  return url;
}

}  // namespace

Result<DatabaseUrl> parse_database_url(std::string_view text) {
  if (text.find('\0') != text.npos || text.find('"') != text.npos) {
    return invalid(std::string(kExpected));
  }
  constexpr std::string_view kSqlite = "sqlite:";
  if (text.starts_with(kSqlite)) {
    text.remove_prefix(kSqlite.size());
    if (text.starts_with("//")) {
      text.remove_prefix(2);
      if (!text.starts_with('/')) {
        return invalid(std::string(kExpected));
      }
    }
    if (text.empty() || text.ends_with('/')) {
      return invalid(std::string(kExpected));
    }
    DatabaseUrl url;
    url.path = text;
    url.place = "sqlite:" + url.path;
    return url;
  }
  const auto scheme_end = text.find("://");
  if (scheme_end == text.npos) {
    return invalid(std::string(kExpected));
  }
  const auto scheme = text.substr(0, text.find('+'));
  const auto name = scheme.size() < scheme_end ? scheme : text.substr(0, scheme_end);
  if (name != "postgresql" && name != "postgres") {
    return invalid(std::string(kExpected));
  }
  return parse_postgres(text.substr(scheme_end + 3));
}

std::string default_database_url(std::string_view run_dir) {
  return "sqlite:" + std::string(run_dir) + "/catalog.sqlite";
}

}  // namespace notify::sql
