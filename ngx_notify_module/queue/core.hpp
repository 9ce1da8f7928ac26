#pragma once

// What the parts of the work queues share.

#include <cstdint>
#include <unordered_map>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/hub/core.hpp"
#include "ngx_notify_module/queue/limits.hpp"
#include "ngx_notify_module/queue/source.hpp"

namespace notify::queue {

class Consumer;
class Group;

class Waker : public hub::Waker {  // for a call of Queues::turn() later in this or the next turn
 public:
  virtual void wake_in(std::uint64_t ms) = 0;  // for a call of Queues::gathered()

 protected:
  ~Waker() = default;
};

struct AskTag;       // groups that want to ask something
struct GatherTag;    // groups that could take, and wait until it is worth while
struct ConsumerTag;  // all consumers of a group
struct ReadyTag;     // consumers of a group that have room, in turn
struct HeldTag;      // entries that a consumer holds

struct Core {
  Core(Source& a_source, Watcher& a_watcher, Waker& a_waker, const Limits& some_limits)
      : source(a_source), watcher(a_watcher), waker(a_waker), limits(some_limits) {}

  // Who waits for an answer: the group, or one of its consumers (its join).
  struct Asker {
    Group* group = nullptr;
    Consumer* consumer = nullptr;
  };

  Source& source;
  Watcher& watcher;
  Waker& waker;
  const Limits limits;
  Figures figures;
  std::uint64_t now_ms = 0;  // as of the last tick
  std::uint64_t last_serial = 0;

  std::unordered_map<Ticket, Asker> askers;
  unsigned asking = 0;  // groups with an operation in flight
  bool awake = false;   // turn() was asked for
  List<Group, AskTag> due;
  List<Group, GatherTag> gathering;

  std::uint64_t next_serial() { return ++last_serial; }

  Ticket ask(Group& group, Consumer* consumer) {
    const Ticket ticket = next_serial();
    askers.emplace(ticket, Asker{&group, consumer});
    return ticket;
  }

  Asker answered(Ticket ticket) {
    const auto found = askers.find(ticket);
    if (found == askers.end()) {
      return {};
    }
    const Asker asker = found->second;
    askers.erase(found);
    return asker;
  }

  void wake() {
    if (!awake) {
      awake = true;
      waker.wake();
    }
  }
};

}  // namespace notify::queue
