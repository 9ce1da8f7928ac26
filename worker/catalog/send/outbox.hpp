#pragma once

// Publishes what the outbox holds, and records that it was: the way from SQL to Redis, and back.
//
//   row (leased by us) ──publish.lua──► id ──record_sent──► gone, and its idempotency key
//                            │                    │ database away: again; if we die it is published
//                            │                    └► when its lease has lapsed: once, by its key
//                            ├ Redis away: the caller withdraws it
//                            └ nobody knows: the caller suspends it ──► settled when Redis is back
//                                by catalog-withdraw.lua: recorded if it is there, else withdrawn
//
// Once a second rows whose lease has lapsed are taken over (a killed worker's, and suspended ones),
// and at the start those that our former life left. While the database was away a moment ago
// nothing is taken over: its owner may be about to go on.
//
// A send that is refused while the database is away stands in notify:{catalog}:withdrawn until it
// is withdrawn there, too: who finds it in the outbox withdraws it instead of sending it.
//
// Bounds: kPage rows a look, and a transaction of recording; kMostUnrecorded wait for that, more
// are recorded by who takes them over. An idempotency key lives for seven days unless it is done
// before, one that says `withdrawn` for an hour.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "worker/catalog/send/send_store.hpp"
#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/process/log.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class Outbox {
 public:
  static constexpr std::size_t kPage = 100;
  static constexpr std::size_t kMostUnrecorded = 10'000;

  struct Options {
    std::string holder;             // this worker's token
    int database = 0;               // Redis'
    unsigned entry_length = 1'000;  // of users' streams
  };

  Outbox(redis::Host& host, Log& log, redis::Client& client, SqlPool& pool, Options options);

  [[nodiscard]] const std::string& holder() const { return options_.holder; }
  void on_link(bool ready);
  void stop();

  // The entry's id, or why it is not there (kUnknownOutcome: it may be; kConflict: it was
  // withdrawn). Records it afterwards.
  void publish(const OutboxRow& row, std::function<void(Result<std::string>)> done);
  // Each is tried until it is done, `done` is called when it is or has failed once. Until then
  // nothing of the request is taken over by this worker.
  void withdraw(const std::string& request_id, const std::string& reason,
                std::function<void()> done);
  void suspend(const std::string& request_id, const std::string& reason,
               std::function<void()> done);
  // For an order whose commit may be under way: `done` is called when nobody will send it any more,
  // or as above where Redis is away, too.
  void withdraw(const std::shared_ptr<const SendOrder>& order, const std::string& reason,
                std::function<void()> done);
  // In hand: no business of the look.
  void hold(const std::string& request_id) { held_.insert(request_id); }
  void release(const std::string& request_id) { held_.erase(request_id); }

 private:
  // A change of the database that is tried until it is made.
  struct Owed {
    std::string request_id;
    std::function<Result<void>(sql::Session&)> change;
    bool marked = false;  // in notify:{catalog}:withdrawn
  };

  void owe(Owed owed, std::function<void()> done);
  void look();
  void take(const std::vector<OutboxRow>& rows);
  void take(const OutboxRow& row);
  void settle(const OutboxRow& row, bool marked);
  void keep(const OutboxRow& row);  // while our lease is good for sure
  void record(const OutboxRow& row, const std::string& message_id);
  void flush();
  void mark(Owed& owed, redis::Completion done);
  void unmark(const std::string& request_id);

  redis::Host& host_;
  Log& log_;
  SqlPool& pool_;
  Calls calls_;
  Calls sends_;
  Options options_;
  std::string started_at_;
  std::unique_ptr<redis::Timer> timer_;
  std::unordered_set<std::string> held_;
  std::vector<Owed> owed_;
  std::vector<Sent> unrecorded_;
  bool recording_ = false;
  std::vector<OutboxRow> left_;  // taken, while Redis was away again: tried again
  bool own_taken_ = false;
  bool looking_ = false;
  bool ready_ = false;
  bool stopped_ = false;
};

}  // namespace notify::worker
