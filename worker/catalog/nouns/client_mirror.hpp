#pragma once

// Keeps Redis' hash of clients (schema_catalog.hpp) as the database has them, for nginx. Each
// change writes all of them: whichever write comes last, the latest state stays. Done anew when
// Redis comes back, every half minute, and when the hash is found to be gone (a look every kLook).
//
// Bounds: one write at a time; of those who ask meanwhile all are served by the next one. The first
// kMostClients active clients are mirrored, and the kMostShutOut users that were deactivated last.

#include <functional>
#include <memory>
#include <vector>

#include "shared/redis/client.hpp"
#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/process/log.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class ClientMirror {
 public:
  static constexpr std::size_t kMostClients = 10'000;
  static constexpr std::size_t kMostShutOut = 10'000;

  ClientMirror(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool);

  void on_link(bool ready);
  // `done` is called when Redis shows a state that is no older than now, or cannot be asked.
  void sync(std::function<void()> done);

 private:
  void look();
  void start();
  void finish();

  Log& log_;
  SqlPool& pool_;
  Calls calls_;
  std::unique_ptr<redis::Timer> timer_;
  std::vector<std::function<void()>> waiting_;  // for the next write
  std::vector<std::function<void()>> served_;   // by the one that runs
  unsigned looks_ = 0;                          // since the last write
  bool running_ = false;
  bool ready_ = false;
};

}  // namespace notify::worker
