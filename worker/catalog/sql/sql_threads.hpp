#pragma once

// The threads of a SqlPool, and all that they share with its loop: jobs that wait, results, and who
// is at what. Every call locks; none waits for a database.

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/sql/session.hpp"

namespace notify::worker {

class SqlThreads {
 public:
  using Job = std::function<Result<void>(sql::Session&)>;

  struct Order {
    std::uint64_t number = 0;
    std::int64_t deadline_ms = 0;  // monotonic; no attempt begins after it
    Job job;
  };
  struct Finished {
    std::uint64_t number = 0;
    Result<void> result;
  };

  SqlThreads(sql::DatabaseUrl url, unsigned count);
  ~SqlThreads();  // as stop()
  SqlThreads(const SqlThreads&) = delete;
  SqlThreads& operator=(const SqlThreads&) = delete;

  // Readable when something has finished; the threads' own.
  [[nodiscard]] int wake_fd() const;
  // False where `most` wait already.
  bool add(Order order, std::size_t most);
  std::vector<Finished> take_finished();
  // It is not begun if it still waits; the connection on which it runs is cut.
  void give_up(std::uint64_t number);
  void stop();

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace notify::worker
