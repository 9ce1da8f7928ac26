#pragma once

// What work queues need from upstream (Redis), and how upstream answers. The queues know no Redis:
// the runtime gives them a Source made of the subscription link and the command link; tests give
// them a fake. Requests that have a ticket are answered by it, exactly once, also with an error; a
// ticket that is not known any more is ordinary, its answer is dropped.
//
// Nothing here answers from inside the call. Commands are executed in the order of the calls.
// All views are valid during the call only.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/model/entry.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify::queue {

using Ticket = std::uint64_t;  // never 0, never used twice
using Settings = redis::QueueSettings;

struct Name {  // of a group
  std::string_view stream;
  std::string_view group;
};

struct Member {  // who a consumer is
  std::string_view consumer;
  std::string_view token;
};

struct Order {  // what a consumer wants
  Member member;
  std::size_t in_flight;
  std::size_t count;
};

struct Lease {
  Member member;
  std::uint64_t limit;
  std::string_view gone = {};  // a connection that is known to be gone: its name may be taken
};

struct Holding {
  std::string_view consumer;
  EntryId id;
};

// ---- answers ------------------------------------------------------------------------------------

struct Joined {
  bool held = false;  // the name is another connection's
  std::uint64_t limit = 0;
  bool restored = false;  // the group was lost, and begins again at its mark
  // Of a name that is held: by which connection, and the last sign of life of its nginx worker.
  // That is another text each time. No holder: nothing is known of it.
  std::string holder;
  std::string sign;
};

struct Share {                         // what one consumer was given
  std::optional<std::uint64_t> limit;  // nothing: its name is another connection's now,
  bool forgotten = false;              // or, with this, nobody's
  std::vector<Entry> entries;
};

struct Taken {
  bool lost = false;  // there is no such group
  bool more = false;  // further entries may follow
  std::vector<Share> shares;
};

struct Claimed {
  bool lost = false;
  EntryId next;  // where to go on; 0-0: that was all
  std::uint64_t gone = 0;
  std::uint64_t dead = 0;
  std::vector<Share> shares;
};

struct Audited {
  bool lost = false;
  std::vector<bool> held;
};

struct Recalled {
  bool lost = false;
  std::vector<std::vector<EntryId>> given;
};

// Nothing: the name is another connection's now.
using Renewed = std::vector<std::optional<std::uint64_t>>;

// ---- requests -----------------------------------------------------------------------------------

class Source {
 public:
  // The stream's bell. Each (further) confirmation is told by Queues::on_watching(). While upstream
  // is away the wish is remembered.
  virtual void watch(std::string_view stream) = 0;
  virtual void unwatch(std::string_view stream) = 0;

  // The group's control channel, in the same way; Queues::on_listening().
  virtual void listen(const Name& name) = 0;
  virtual void unlisten(const Name& name) = 0;

  // Makes sure of the group (group.lua), leases the name (join.lua), and writes the settings down
  // for the worker (notify:{queues}). From here on this nginx worker shows that it is alive.
  virtual void join(Ticket ticket, const Name& name, const Lease& lease,
                    const Settings& settings) = 0;

  // Those that have room, in turn; with nobody it only looks whether the group exists (take.lua).
  // As many shares as orders. What is answered has been registered to be finished by its id alone
  // (inflight.lua) for the ack timeout.
  virtual void take(Ticket ticket, const Name& name, std::span<const Order> orders,
                    const Settings& settings) = 0;

  // What was not finished in time, from `cursor` on (claim.lua). As take().
  virtual void claim(Ticket ticket, const Name& name, EntryId cursor, std::span<const Order> orders,
                     const Settings& settings) = 0;

  // Is it still pending for that consumer (audit.lua)? As many answers as holdings.
  virtual void audit(Ticket ticket, const Name& name, std::span<const Holding> holdings) = 0;

  // What these were given within the last `recent_ms` (recall.lua). As many lists as members.
  virtual void recall(Ticket ticket, const Name& name, std::uint64_t recent_ms,
                      std::span<const Member> members) = 0;

  virtual void renew(Ticket ticket, const Name& name, std::span<const Lease> leases) = 0;

  // No answer: a lease that is not given back lapses, a mark that is not kept is older, and what is
  // not requeued comes when the ack timeout has passed.
  virtual void leave(const Name& name, const Member& member) = 0;
  virtual void mark(const Name& name) = 0;
  // Given to that consumer, and seen by nobody: for somebody else, at once (requeue.lua).
  virtual void requeue(const Name& name, std::string_view consumer,
                       std::span<const EntryId> ids) = 0;

 protected:
  ~Source() = default;
};

// Who is told of what an operator must know of: error log, counters.
class Watcher {
 public:
  // Somebody has removed the group, or its stream, under connected consumers.
  virtual void group_lost(const Name& name) = 0;
  virtual void group_restored(const Name& name) = 0;
  virtual void entries_dropped(const Name& name, std::uint64_t gone, std::uint64_t dead) = 0;
  virtual void operation_failed(const Name& name, const Error& error) = 0;

 protected:
  ~Watcher() = default;
};

}  // namespace notify::queue
