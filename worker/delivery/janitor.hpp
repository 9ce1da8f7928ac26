#pragma once

// All periodic work, in one tick of a second at most, for every queue:
//
//   each tick      the queue's own steps (group, name, lease: queue.hpp); the group's mark; what
//                  consumers without a lease left behind, if that is 5 s old
//   when due       retries: the next tick comes early when one is due before it
//   each minute    what is pending under our own name for as long and in nobody's hands (answers
//                  that were lost); consumers that nobody needs any more
//
// What it finds goes to the same place as what a queue reads. For some seconds after Redis came
// back nothing is reclaimed: all leases may have lapsed, and their owners be about to renew them.

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "worker/delivery/queue.hpp"

namespace notify::worker {

class Janitor {
 public:
  Janitor(redis::Host& host, Log& log, const QueueOwner& owner);

  void add(Queue& queue);
  void remove(const Queue& queue);  // before it goes; not from inside of its steps
  void on_link(bool ready);
  void room_changed();
  // A retry of that queue will be due then.
  void expect(const Queue& queue, std::chrono::milliseconds after);
  void stop();

 private:
  struct Ward {  // a queue in our care
    explicit Ward(Queue& cared_for) : queue(cared_for) {}

    Queue& queue;
    std::uint64_t due_at_ms = 0;
    std::uint64_t second_at_ms = 0;
    std::uint64_t minute_at_ms = 0;
    bool asking_due = false;
    bool asking_consumers = false;
    bool marking = false;
    // Names to reclaim from, one after the other; the first is being asked for.
    std::deque<std::pair<std::string, std::chrono::milliseconds>> left_behind;
  };

  void tick();
  void hand_due(Ward& ward);
  void look_at_consumers(Ward& ward);
  void reclaim(Ward& ward, const std::string& page);
  void keep_mark(Ward& ward);
  void forget(Ward& ward, const std::string& consumer);
  void wake_by(std::uint64_t at_ms);

  redis::Host& host_;
  Log& log_;
  const QueueOwner& owner_;
  std::vector<std::unique_ptr<Ward>> wards_;
  std::unique_ptr<redis::Timer> timer_;
  std::uint64_t next_tick_ms_ = 0;
  std::uint64_t reclaim_from_ms_ = 0;
  bool stopped_ = false;
};

}  // namespace notify::worker
