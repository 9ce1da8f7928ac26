#include "shared/sql/session.hpp"

// SOCI's optional use of Boost, which is in headers only, would need all of Boost to be installed.
#include <soci/soci-config.h>
#undef SOCI_HAVE_BOOST
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <map>
#include <span>

namespace notify::sql {
namespace {

// SQLite's primary result codes (sqlite.org/rescode.html).
enum SqliteCode {
  kSqliteBusy = 5,
  kSqliteLocked = 6,
  kSqliteReadonly = 8,
  kSqliteIoError = 10,
  kSqliteFull = 13,
  kSqliteCannotOpen = 14,
  kSqliteConstraint = 19,
};

Error sqlite_error(int code) {
  const int primary = code & 0xff;
  const auto text = "SQLite error " + std::to_string(code);
  switch (primary) {
    case kSqliteConstraint:
      return {ErrorKind::kConflict, text};
    case kSqliteBusy:
      return {ErrorKind::kUnavailable, text + " (another one holds the lock of writing)"};
    case kSqliteReadonly:
      return {ErrorKind::kUnavailable, text + " (the file or its folder cannot be written)"};
    case kSqliteFull:
      return {ErrorKind::kUnavailable, text + " (the disk is full)"};
    case kSqliteCannotOpen:
      return {ErrorKind::kUnavailable, text + " (the file cannot be opened)"};
    case kSqliteLocked:
    case kSqliteIoError:
      return {ErrorKind::kUnavailable, text};
    default:
      return {ErrorKind::kInternal, text};
  }
}

bool is_sqlstate(std::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
         });
}

// Classes: PostgreSQL's documentation, appendix A.
Error postgres_error(std::string_view state) {
  if (!is_sqlstate(state)) {
    return {ErrorKind::kUnavailable, "the connection to PostgreSQL was lost"};
  }
  const auto text = "PostgreSQL error " + std::string(state);
  if (state == "23505") {
    return {ErrorKind::kConflict, text};
  }
  if (state == "23503") {
    return {ErrorKind::kNotFound, text};
  }
  // Lost, refused, resources, an operator (restart, time limit), rolled back for another's sake,
  // a server that only reads, and statements that were prepared before the tables were changed.
  constexpr std::array<std::string_view, 5> kPassing{"08", "53", "57", "58", "40"};
  if (state == "25006" || state == "55P03" || state == "0A000" || state == "26000" ||
      std::any_of(kPassing.begin(), kPassing.end(),
                  [state](std::string_view family) { return state.starts_with(family); })) {
    return {ErrorKind::kUnavailable, text};
  }
  return {ErrorKind::kInternal, text};
}

// `?` becomes :p1, :p2, …, which both backends of SOCI know.
std::string with_names(std::string_view sql) {
  std::string out;
  out.reserve(sql.size() + 32);
  std::size_t number = 0;
  for (const char c : sql) {
    if (c == '?') {
      out += ":p" + std::to_string(++number);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void Breaker::cut() {
  const std::lock_guard lock(mutex_);
  cut_ = true;
  shut_down();
}

void Breaker::reset() {
  const std::lock_guard lock(mutex_);
  cut_ = false;
}

void Breaker::attach(int socket) {
  const std::lock_guard lock(mutex_);
  socket_ = socket;
  if (cut_) {
    shut_down();
  }
}

void Breaker::shut_down() const {
  if (socket_ >= 0) {
    ::shutdown(socket_, SHUT_RDWR);
  }
}

// With the places that its parameters and its columns are bound to.
struct Session::Statement {
  Statement(soci::session& session, std::string_view sql, std::size_t columns, std::size_t count,
            bool kept)
      : given(count), given_is(count), taken(columns), taken_is(columns), statement(session) {
    for (std::size_t i = 0; i < count; ++i) {
      statement.exchange(soci::use(given[i], given_is[i]));
    }
    for (std::size_t i = 0; i < columns; ++i) {
      statement.exchange(soci::into(taken[i], taken_is[i]));
    }
    statement.alloc();
    statement.prepare(with_names(sql),
                      kept ? soci::details::st_repeatable_query : soci::details::st_one_time_query);
    statement.define_and_bind();
  }

  void set(const Parameters& parameters) {
    for (std::size_t i = 0; i < given.size(); ++i) {
      given[i] = parameters[i].value_or(std::string());
      given_is[i] = parameters[i] ? soci::i_ok : soci::i_null;
    }
  }

  [[nodiscard]] Row row() const {
    Row out(taken.size());
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (taken_is[i] == soci::i_ok) {
        out[i] = taken[i];
      }
    }
    return out;
  }

  std::vector<std::string> given;
  std::vector<soci::indicator> given_is;
  std::vector<std::string> taken;
  std::vector<soci::indicator> taken_is;
  soci::statement statement;
  bool more = false;
};

struct Session::Impl {
  Impl(const DatabaseUrl& url, std::shared_ptr<Breaker> given)
      : dialect(url.dialect), breaker(std::move(given)) {
    if (url.dialect == Dialect::kSqlite) {
      session.open(soci::sqlite3, "db=\"" + url.path + "\" timeout=3");
      return;
    }
    session.open(soci::postgresql, url.connect);
    if (breaker) {
      breaker->attach(socket());
    }
  }
  // Each kept statement would be deallocated in turn, at a server that may not answer. And
  // the breaker goes before the descriptor becomes somebody else's.
  ~Impl() {
    if (dialect == Dialect::kPostgres && session.get_backend() != nullptr) {
      ::shutdown(socket(), SHUT_RDWR);
    }
    if (breaker) {
      breaker->detach();
    }
  }
  // SOCI's library keeps the type's information to itself, which checking the cast would need.
  [[gnu::no_sanitize("vptr")]] int socket() {
    return PQsocket(static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Dialect dialect;
  std::shared_ptr<Breaker> breaker;
  soci::session session;
  std::map<std::string, std::unique_ptr<Statement>, std::less<>> kept;
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

Dialect Session::dialect() const { return impl_->dialect; }

Result<std::unique_ptr<Session>> Session::open(const DatabaseUrl& url,
                                               std::shared_ptr<Breaker> breaker) {
  if (url.dialect == Dialect::kSqlite) {
    // The owner's alone: it holds secrets of providers. Never opened once it is there: to close a
    // file gives up all locks that the process has on it, also those of SQLite's own descriptors.
    const int fd = ::open(url.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) {
      ::close(fd);
    }
  }
  std::unique_ptr<Session> session(new Session(nullptr));
  try {
    session->impl_ = std::make_unique<Impl>(url, std::move(breaker));
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    auto error = session->error_of_current_exception();
    return Error{ErrorKind::kUnavailable, "cannot connect: " + error.message};
  }
  // WAL: readers never wait for the writer. Its commits survive the end of any process.
  constexpr std::array<const char*, 3> kSqlite{
      "PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA foreign_keys = ON"};
  constexpr std::array<const char*, 4> kPostgres{
      "SET statement_timeout = 5000", "SET idle_in_transaction_session_timeout = 30000",
      "SET client_encoding = 'UTF8'", "SET client_min_messages = warning"};
  const bool sqlite = url.dialect == Dialect::kSqlite;
  const std::span<const char* const> statements =
      sqlite ? std::span<const char* const>(kSqlite) : std::span<const char* const>(kPostgres);
  for (const char* statement : statements) {
    if (auto done = session->run(statement); !done) {
      return done.error();
    }
  }
  return session;
}

Error Session::error_of_current_exception() {
  try {
    throw;
  } catch (const soci::postgresql_soci_error& error) {
    auto known = postgres_error(error.sqlstate());
    broken_ = broken_ || known.kind == ErrorKind::kUnavailable;
    return known;
  } catch (const soci::sqlite3_soci_error& error) {
    return sqlite_error(error.result());
  } catch (const soci::soci_error& error) {
    // Without a code of its own: PostgreSQL's connection failures among them.
    broken_ = true;
    return {ErrorKind::kUnavailable, "the database cannot be reached"};
  } catch (const std::exception&) {
    broken_ = true;
    return {ErrorKind::kInternal, "the database's answer cannot be understood"};
  }
}

// Throws what SOCI throws. `own` keeps a statement that the session does not.
Session::Statement& Session::execute(std::string_view sql, std::size_t columns,
                                     const Parameters& parameters, Keep keep,
                                     std::unique_ptr<Statement>& own) {
  const bool kept = keep == Keep::kYes;
  const auto found = kept ? impl_->kept.find(sql) : impl_->kept.end();
  if (found == impl_->kept.end()) {
    own = std::make_unique<Statement>(impl_->session, sql, columns, parameters.size(), kept);
  } else {
    // Not kept any more if it fails.
    own = std::move(found->second);
    impl_->kept.erase(found);
  }
  own->set(parameters);
  own->more = own->statement.execute(true);
  return *own;
}

Result<Rows> Session::query(std::string_view sql, std::size_t columns, const Parameters& parameters,
                            Keep keep) {
  try {
    std::unique_ptr<Statement> own;
    auto& statement = execute(sql, columns, parameters, keep, own);
    Rows rows;
    for (; statement.more; statement.more = statement.statement.fetch()) {
      rows.push_back(statement.row());
    }
    if (keep == Keep::kYes) {
      impl_->kept.emplace(sql, std::move(own));
    }
    return rows;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return error_of_current_exception();
  }
}

Result<std::uint64_t> Session::run(std::string_view sql, const Parameters& parameters, Keep keep) {
  try {
    std::unique_ptr<Statement> own;
    auto& statement = execute(sql, 0, parameters, keep, own);
    const auto affected = statement.statement.get_affected_rows();
    if (keep == Keep::kYes) {
      impl_->kept.emplace(sql, std::move(own));
    }
    return affected > 0 ? static_cast<std::uint64_t>(affected) : 0;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception&) {
    return error_of_current_exception();
  }
}

Result<void> Session::begin() {
  auto done = run(impl_->dialect == Dialect::kSqlite ? "BEGIN IMMEDIATE" : "BEGIN");
  return done ? Result<void>() : Result<void>(done.error());
}

Result<void> Session::commit() {
  auto done = run("COMMIT");
  return done ? Result<void>() : Result<void>(done.error());
}

void Session::rollback() {
  if (!broken_) {
    (void)run("ROLLBACK");
  }
}

}  // namespace notify::sql
