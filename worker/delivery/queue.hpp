#pragma once

// One stream's group, and this worker's place in it: makes sure that the group exists, holds a
// consumer name, takes up what is pending under that name, then reads what is new.
//
//                 ┌────────────────── link lost ◄── any
//                 ▼                                                    no destination
//   start ──► kOffline ─link ready─► kGrouping ─group exists─► kLeasing ─ ─ ─ ─ ─ ─ ─► kWatching
//                                      ▲  ▲                     │    ▲                    │
//                                      │  └──────group lost─────┼────┼────────────────────┘
//                                      │                        │    │lease lost
//                                  group lost               name is ours
//                                      │                        ▼    │
//                                      └─── kServing ◄─────── kSweeping ◄─┐
//                                              └── reading link was lost ─┘
//
// kSweeping hands over what is pending under our name already: from an earlier life, or because an
// answer was lost on its way. kServing has one XREADGROUP in flight, on a link of its own, while
// there is room. A step that fails is tried again by tick(), a second later.
//
// Bounds: one read asks for no more than there is room for; the reading link holds one command.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/redis/client.hpp"
#include "worker/delivery/group_store.hpp"
#include "worker/process/log.hpp"
#include "worker/process/metrics.hpp"

namespace notify::worker {

// How long a consumer name is held after the last renewal.
inline constexpr std::chrono::milliseconds kLeaseTime{10'000};

class Queue;

// Who takes what a queue yields.
class QueueOwner {
 public:
  [[nodiscard]] virtual std::size_t room(const Queue& queue) const = 0;
  // For retries and what others left; not used up by new entries.
  [[nodiscard]] virtual std::size_t older_room(const Queue& queue) const = 0;
  virtual void on_taken(const Queue& queue, std::vector<Delivery> deliveries) = 0;
  virtual void on_group_exists(const Queue& queue) = 0;

 protected:
  ~QueueOwner() = default;
};

struct QueueOptions {
  std::string stream;
  std::string group;
  std::string consumer;     // the name that is tried first; then -2, -3, …
  bool consume = true;      // false: only the group is kept
  redis::LinkOptions link;  // for reading
  Metrics* metrics = nullptr;
};

class Queue {
 public:
  Queue(redis::Host& host, Log& log, redis::Client& commands, QueueOptions options,
        std::string token, QueueOwner& owner);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  // What the group has pending, of all workers; for the metrics.
  void on_pending(std::int64_t entries);

  void start();
  void on_link(bool ready);  // of the commands' client
  void tick();               // once a second
  void room_changed();
  // No more reading. The name is given back once `released` is called (at once if there is none).
  void stop();
  void release(std::function<void()> released);

  [[nodiscard]] bool serving() const { return state_ == State::kServing; }
  [[nodiscard]] const std::string& consumer() const { return consumer_; }
  [[nodiscard]] const std::string& stream() const { return options_.stream; }
  GroupStore& store() { return store_; }

  // What others found out on their way.
  void take(Handed handed, std::string_view how);
  void on_error(const Error& error, std::string_view during);
  void on_lease_lost(const std::string& consumer);

 private:
  enum class State { kOffline, kGrouping, kWatching, kLeasing, kSweeping, kServing, kStopped };

  void enter(State next);
  void step();
  void ensure_group();
  void lease();
  void renew();
  void sweep();
  void read();
  void step_failed(const Error& error, std::string_view during);
  void on_read(const std::string& consumer, const Result<redis::Reply>& reply);
  void retry_later() { retry_at_ms_ = host_.now_ms() + 1000; }
  [[nodiscard]] std::vector<std::string> candidate_names() const;

  redis::Host& host_;
  Log& log_;
  QueueOptions options_;
  QueueOwner& owner_;
  GroupStore store_;
  redis::Client reader_client_;
  Calls reader_;

  State state_ = State::kOffline;
  std::uint64_t generation_ = 0;  // of the state: answers that belong to an earlier one are ignored
  bool busy_ = false;             // the state's step is in flight
  std::uint64_t retry_at_ms_ = 0;
  std::string last_error_;  // what was logged last, so that it is not once a second
  std::uint64_t logged_at_ms_ = 0;

  std::string consumer_;
  std::uint64_t renewed_at_ms_ = 0;
  bool renewing_ = false;
  std::string page_;  // kSweeping
  bool reading_ = false;
  bool missed_ = false;  // a read's answer may have been lost
  bool group_existed_ = false;
};

}  // namespace notify::worker
