#pragma once

#include <string>
#include <string_view>

#include "shared/base/result.hpp"

namespace notify::sql {

enum class Dialect { kSqlite, kPostgres };

// Where the catalogue's tables are.
struct DatabaseUrl {
  Dialect dialect = Dialect::kSqlite;
  std::string path;     // SQLite: the file
  std::string connect;  // PostgreSQL: libpq's URI; may hold a password
  std::string place;    // for logs: the same, without user, password and options
};

// sqlite:PATH, also sqlite:///absolute/path
// postgresql://[user[:password]@][host][:port][/database][?option=value…], also postgres://, and
// postgresql+DRIVER:// as SQLAlchemy writes it. The options are libpq's (host=/folder for a Unix
// socket). Errors are kInvalid and quote no part of the URL.
Result<DatabaseUrl> parse_database_url(std::string_view url);

// The file that is used where no URL is given.
std::string default_database_url(std::string_view run_dir);

}  // namespace notify::sql
