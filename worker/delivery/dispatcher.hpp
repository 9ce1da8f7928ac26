#pragma once

// Decides what goes on the wire, when, and what becomes of it. Pure: no socket, no Redis, no clock;
// it is told facts and asks for things through Ports (tests/test_dispatcher.cpp has fakes). The
// only file that knows both ends, the streams and the destinations.
//
//            offer
//              │
//              ▼     turn comes      budget ok        may go       result
//           kQueued ───────────► kBudget ─────► kBeginning ─────► kOnWire ───┐
//              ▲  │                  │               │                       ▼
//              │  └─ cannot be built,│wait,          │gone, lost         kSettling ─► forgotten
//              │     attempts used up│Redis away     ▼                       ▲  │
//              ├─────────────────────┘           forgotten                   └──┘ Redis away: again
//              └── held, Redis away ─────────────────┘
//
// A destination's turn: fewer than its concurrency are between kBudget and kOnWire, fewer than the
// total, and its hold is over. Draining: what is queued or asks for its budget is forgotten, since
// it is pending in the stream; what was begun goes through.
//
// Bounds: per source `prefetch` new deliveries, which is what room() tells, and as many again for
// what was begun before (older_room()): a backlog of new entries keeps room() at nothing, and must
// not keep retries away. Since reading, retries and reclaiming ask at the same time, up to four
// times as many may come. What is beyond is not taken, and stays pending. A delivery that is known
// already is not taken twice.

#include <cstdint>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "shared/base/backoff.hpp"
#include "shared/model/delivery.hpp"
#include "worker/delivery/http.hpp"
#include "worker/delivery/target.hpp"

namespace notify::worker {

using Ticket = std::uint64_t;     // one delivery in the table; never used twice
using SourceIndex = std::size_t;  // a stream and its group
using DestinationIndex = std::size_t;

enum class Begin { kOk, kGone, kTrimmed, kLost, kFailed };

enum class SettleKind { kDone, kLater, kDead };

struct Settlement {
  SettleKind kind = SettleKind::kDone;
  unsigned attempts = 0;               // that it has had now
  std::chrono::milliseconds delay{0};  // kLater
  std::string why = {};                // kLater, kDead
  Fields facts = {};                   // kDone
};

enum class Settled { kApplied, kStale, kFailed };

// What became of a delivery this time, for the log.
struct Outcome {
  const Delivery& delivery;
  const Settlement& settlement;
  long status = 0;  // 0: there was no answer
  std::chrono::milliseconds took{0};
};

// The world. Answers come later, through on_…(), never inside of these calls.
class Ports {
 public:
  virtual void ask_budget(Ticket ticket, DestinationIndex destination) = 0;
  virtual void begin(Ticket ticket, SourceIndex source, const Delivery& delivery) = 0;
  virtual void send(Ticket ticket, HttpRequest request) = 0;
  virtual void settle(Ticket ticket, SourceIndex source, const Delivery& delivery,
                      const Settlement& settlement) = 0;
  // For all workers; has no answer.
  virtual void hold(DestinationIndex destination, std::chrono::milliseconds time) = 0;
  virtual void report(const Outcome& outcome) = 0;
  virtual void room_changed(SourceIndex source) = 0;
  virtual void wake_at(std::uint64_t now_ms) = 0;  // on_wake() then; replaces the one before
  [[nodiscard]] virtual std::uint64_t now_ms() const = 0;
  virtual double random() = 0;  // [0, 1)

 protected:
  ~Ports() = default;
};

struct DispatcherOptions {
  unsigned concurrency = 64;
  unsigned destination_concurrency = 1;
  unsigned prefetch = 32;
  unsigned max_attempts = 30;
  Backoff backoff{std::chrono::seconds{1}, std::chrono::minutes{5}, 0.2};
};

class Dispatcher {
 public:
  Dispatcher(Ports& ports, DispatcherOptions options) : ports_(ports), options_(options) {}

  // A target outlives its destination.
  DestinationIndex add_destination(const Target& target);
  SourceIndex add_source(DestinationIndex destination);
  // Nothing of it is in hand, and nothing is offered any more. Their numbers are given again.
  void remove_source(SourceIndex source);
  void remove_destination(DestinationIndex destination);  // no source has it
  [[nodiscard]] bool idle(SourceIndex source) const { return sources_[source].items == 0; }

  // How many more deliveries of that source are taken.
  [[nodiscard]] std::size_t room(SourceIndex source) const;
  // The same for retries and for what another worker left.
  [[nodiscard]] std::size_t older_room(SourceIndex source) const;
  void offer(SourceIndex source, Delivery delivery);

  void on_budget(Ticket ticket, std::chrono::milliseconds wait);  // 0: a token was taken
  void on_budget_failed(Ticket ticket);
  void on_begun(Ticket ticket, Begin answer);
  void on_result(Ticket ticket, const HttpResult& result);
  void on_settled(Ticket ticket, Settled answer);
  void on_wake();

  void drain();
  [[nodiscard]] bool idle() const { return items_.empty(); }
  [[nodiscard]] std::size_t size() const { return items_.size(); }

 private:
  enum class State { kQueued, kBudget, kBeginning, kOnWire, kSettling };

  struct Item {
    SourceIndex source = 0;
    Delivery delivery;
    HttpRequest request;
    Settlement settlement;
    State state = State::kQueued;
    std::uint64_t settle_again_ms = 0;  // 0: an answer is awaited
  };

  struct Source {
    DestinationIndex destination = 0;
    std::size_t items = 0;
  };

  struct Destination {
    const Target* target = nullptr;
    std::deque<Ticket> queue;
    unsigned in_flight = 0;
    std::uint64_t hold_until_ms = 0;
    unsigned refusals = 0;  // in a row, that cost no attempt and named no time
  };

  void change_state(Item& item, State next);
  Item* find(Ticket ticket, State expected);
  void pump();
  void pump(DestinationIndex index);
  void start(DestinationIndex index, Ticket ticket);
  void put_back(Ticket ticket, std::chrono::milliseconds wait);
  Settlement decide(const Item& item, const Verdict& verdict);
  void settle(Ticket ticket, Item& item, Settlement settlement);
  void forget(Ticket ticket);
  void schedule();

  Destination& destination_of(const Item& item) {
    return destinations_[sources_[item.source].destination];
  }

  Ports& ports_;
  DispatcherOptions options_;
  std::vector<Destination> destinations_;
  std::vector<Source> sources_;
  std::vector<DestinationIndex> free_destinations_;
  std::vector<SourceIndex> free_sources_;
  std::unordered_map<Ticket, Item> items_;
  std::unordered_map<std::string, Ticket> by_id_;  // "<source>/<entry id>"
  unsigned in_flight_ = 0;
  bool draining_ = false;
  Ticket next_ticket_ = 1;
};

}  // namespace notify::worker
