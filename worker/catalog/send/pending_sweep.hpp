#pragma once

// Requests that nobody can acknowledge any more, since the user's stream does not hold their entry:
// it was cut, has expired, or was deleted by somebody. They are REJECTED with the reason.
//
//             the lease is ours            the end, or kMostGone
//   kIdle ─── every `every` ───► kReading ───────────────────────► kWaiting ── `grace` ──► kSettling
//     ▲                          ▲  │ nothing is gone                                        │  │
//     │                          │  ▼                  not at the end: goes on               │  │
//     └──────────────────────────┼──┴────────────────────────────────────────────────────────┘  │
//                                └───────────────────────────────────────────────────────────────┘
//
//   kReading   a page of pending rows, in the order of their index; each entry is looked for
//   kWaiting   an acknowledgement that reached Redis before the entry was gone is recorded by then,
//              or stands in notify:{catalog}:acks
//   kSettling  nothing in notify:{catalog}:acks is as old; then what is still PENDING is rejected
//
// So an acknowledgement wins, however late it is recorded, if it came before the entry was found
// gone. Of several workers one sweeps, by a lease; two would do no harm. Whatever fails ends the
// round; the next one begins anew. Other environments' requests in the same database are theirs:
// their entries may be in another Redis.
//
// Bounds: kPage rows a page, with a pause behind each; kMostGone wait at a time; kPage rows in a
// transaction.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/process/log.hpp"
#include "worker/process/metrics.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class PendingSweep {
 public:
  static constexpr std::size_t kPage = 200;
  static constexpr std::size_t kMostGone = 10'000;

  struct Options {
    std::string app_env;                 // whose requests are looked at
    std::string token;                   // this worker's
    std::chrono::milliseconds every{0};  // 0: never
    std::chrono::milliseconds grace{0};  // longer than an acknowledgement takes to be recorded
  };

  PendingSweep(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool, Metrics& metrics,
               Options options);

  void on_link(bool ready);
  void stop();

 private:
  enum class State { kIdle, kReading, kWaiting, kSettling };

  struct Row {
    std::string id;
    std::string message_id;
    std::string receiver_id;
    std::string stream;
  };
  struct Place {  // in the index
    std::string receiver_id;
    std::string id;
  };
  struct Page {
    std::vector<Row> rows;
    std::size_t open = 0;  // streams that were not answered for
    bool failed = false;
  };

  static Result<std::vector<Row>> read_page(sql::Session& session, const Place& after,
                                            const std::string& app_env);
  static Result<std::size_t> reject(sql::Session& session, const std::vector<Row>& rows);

  void enter(State next, std::chrono::milliseconds after);
  void step();
  void take_lease();
  void lease(std::chrono::milliseconds time, redis::Completion done);
  void read();
  void look_for(const std::shared_ptr<Page>& page);
  void look_for(const std::shared_ptr<Page>& page, std::size_t from, std::size_t end);
  void on_page(const Page& page);
  void check_acks();
  void settle();
  [[nodiscard]] bool is_current(std::uint64_t round) const { return round == round_; }

  Log& log_;
  SqlPool& pool_;
  Metrics& metrics_;
  Calls calls_;
  Options options_;
  std::unique_ptr<redis::Timer> timer_;
  State state_ = State::kIdle;
  std::uint64_t round_ = 0;  // answers of an earlier one are ignored
  Place place_;
  bool at_end_ = false;
  std::vector<Row> gone_;
  std::uint64_t gone_ms_ = 0;  // when the last of them was found gone, by Redis' clock
  unsigned checks_ = 0;
  bool ready_ = false;
  bool leased_ = false;
};

}  // namespace notify::worker
