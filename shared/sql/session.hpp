#pragma once

// One connection to the catalogue's database, through SOCI, for one thread at a time. SQL is
// written once for both databases: `?` stands for a parameter, all parameters and all results are
// text (cast what is not), and booleans are the words TRUE and FALSE.
//
// No exception of SOCI leaves this file, and no error quotes what SOCI says: its text holds the
// statement and values of it. What is told is the database's own code:
//
//   kConflict     a key that must be unique is there already
//   kNotFound     what is referred to is not there (PostgreSQL; elsewhere check before)
//   kUnavailable  the database is away, busy, or gave up: whether it was done is unknown after
//                 commit(), and nothing was done after anything else. May be tried again, on a
//                 new session where broken() says so.
//   kInternal     anything else

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/sql/database_url.hpp"

namespace notify::sql {

using Text = std::optional<std::string>;  // absent: NULL
using Row = std::vector<Text>;
using Rows = std::vector<Row>;
using Parameters = std::vector<Text>;

// Ends what a session waits for, from another thread: its connection to PostgreSQL is shut down, so
// that the call in it fails as if the server were gone. A session that is opened after that has no
// better luck, until reset(). SQLite's waits are short, and end by themselves.
class Breaker {
 public:
  void cut();
  void reset();
  // The session's.
  void attach(int socket);
  void detach() { attach(-1); }

 private:
  void shut_down() const;

  std::mutex mutex_;
  int socket_ = -1;
  bool cut_ = false;
};

class Session {
 public:
  static Result<std::unique_ptr<Session>> open(const DatabaseUrl& url,
                                               std::shared_ptr<Breaker> breaker = nullptr);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  [[nodiscard]] Dialect dialect() const;
  [[nodiscard]] bool broken() const { return broken_; }

  // A statement that is kept is prepared once for the session: for the few that run often, and
  // whose text is always the same.
  enum class Keep { kNo, kYes };

  // `columns` of each row.
  Result<Rows> query(std::string_view sql, std::size_t columns, const Parameters& parameters = {},
                     Keep keep = Keep::kNo);
  // How many rows were changed.
  Result<std::uint64_t> run(std::string_view sql, const Parameters& parameters = {},
                            Keep keep = Keep::kNo);

  // A transaction that writes: in SQLite it takes the one lock of writing at its begin.
  Result<void> begin();
  Result<void> commit();
  void rollback();

 private:
  struct Impl;
  struct Statement;
  Statement& execute(std::string_view sql, std::size_t columns, const Parameters& parameters,
                     Keep keep, std::unique_ptr<Statement>& own);
  explicit Session(std::unique_ptr<Impl> impl);
  Error error_of_current_exception();

  std::unique_ptr<Impl> impl_;
  bool broken_ = false;
};

// `work` inside of a transaction; any error rolls it back.
template <class Work>
auto in_transaction(Session& session, Work work) -> decltype(work()) {
  if (auto begun = session.begin(); !begun) {
    return begun.error();
  }
  auto result = work();
  if (!result) {
    session.rollback();
    return result;
  }
  if (auto committed = session.commit(); !committed) {
    session.rollback();
    return committed.error();
  }
  return result;
}

}  // namespace notify::sql
