#pragma once

// SQL on threads of its own, so that the loop and deliveries never wait for a database. A job is a
// function over a session; what it answers comes back to the loop.
//
//   submit ─► waiting ─► a thread runs it ─► done, on the loop
//                │             │ kUnavailable: again, on a new session if need be
//                │ too many    │
//                │ too late    │ too late: its connection is cut, and it is done all the same
//                ▼             ▼
//             kUnavailable, on the loop
//
// Every job is done `patience` after it was submitted, at the latest a tick later: a restart of
// PostgreSQL that is shorter shows as a wait, and one that stands still, or a network that is
// silent, as kUnavailable. A job may run more than once, the first time with an unknown outcome,
// and its last attempt may go on after it was given up: it must bear both.
//
// Ownership: owns its threads and sessions. Destroying it cuts the connections of the jobs that run
// and waits for their threads, kEnd at most: one that still connects is left behind, with what it
// needs. No completion is called after that, nor for what was still waiting.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "shared/base/result.hpp"
#include "shared/redis/host.hpp"
#include "shared/sql/session.hpp"
#include "worker/process/log.hpp"

namespace notify::worker {

struct SqlOptions {
  sql::DatabaseUrl url;
  unsigned threads = 4;
  std::size_t max_waiting = 1'000;
  std::chrono::milliseconds patience{5'000};
};

class SqlPool {
 public:
  static constexpr std::chrono::milliseconds kTick{100};
  static constexpr std::chrono::milliseconds kEnd{4'000};  // libpq's connect_timeout, and a little

  SqlPool(redis::Host& host, Log& log, SqlOptions options);
  ~SqlPool();
  SqlPool(const SqlPool&) = delete;
  SqlPool& operator=(const SqlPool&) = delete;

  template <class T>
  using Work = std::function<Result<T>(sql::Session&)>;
  template <class T>
  using Done = std::function<void(Result<T>)>;

  // `work` runs on a thread, `done` on the loop, never inside this call.
  template <class T>
  void submit(Work<T> work, Done<T> done) {
    auto answer = std::make_shared<std::optional<T>>();
    submit_job(
        [work = std::move(work), answer](sql::Session& session) -> Result<void> {
          auto result = work(session);
          if (!result) {
            return result.error();
          }
          *answer = std::move(*result);
          return {};
        },
        [done = std::move(done), answer](const Result<void>& result) {
          done(result ? Result<T>(std::move(**answer)) : Result<T>(result.error()));
        });
  }

  // Whether the last job was answered, and since when (monotonic, ms).
  [[nodiscard]] bool reachable() const;
  [[nodiscard]] std::uint64_t reachable_since_ms() const;
  // Jobs that wait or run.
  [[nodiscard]] std::size_t outstanding() const;

 private:
  using Job = std::function<Result<void>(sql::Session&)>;
  using JobDone = std::function<void(Result<void>)>;
  void submit_job(Job job, JobDone done);

  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace notify::worker
