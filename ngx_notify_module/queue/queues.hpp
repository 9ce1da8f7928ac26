#pragma once

// The work queues of an nginx worker. Pure: no nginx, no Redis, no clock.
//
// A group is one consumer group of one stream that has clients here; a consumer is one client. Each
// entry is given to one consumer at a time, never more of them than its limit, and stays pending
// until it is finished: by its client, by anybody else, on any node. What is not finished in time
// is given to another one. Who has which entry is known by Redis alone; here we only count what is
// in flight, so as to know whom to ask for.
//
//   consumer:  Joining ─► Serving ⇄ Blocked ─► Ended                       consumer.hpp
//   group:     Resting ─► Asking ─► (Pausing) ─► Resting                   group.hpp
//
// Bounds: limits.hpp. Groups and consumers are as many as there are clients; one operation in
// flight for each group, `max_asking` in all (others wait for their turn); entries in flight by the
// consumers' limits; of entries themselves nothing is kept once a sink has them.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ngx_notify_module/queue/consumer.hpp"
#include "ngx_notify_module/queue/core.hpp"
#include "ngx_notify_module/queue/group.hpp"
#include "ngx_notify_module/queue/limits.hpp"
#include "ngx_notify_module/queue/sink.hpp"
#include "ngx_notify_module/queue/source.hpp"

namespace notify::queue {

class Queues {
 public:
  Queues(Source& source, Watcher& watcher, Waker& waker, const Limits& limits);
  ~Queues();  // consumers that are left are ended without a word; their names lapse
  Queues(const Queues&) = delete;
  Queues& operator=(const Queues&) = delete;

  // --- downstream ---
  // `sink` outlives the consumer. Never calls the sink from inside join().
  std::unique_ptr<Consumer> join(const Name& name, Consumer::Options options, Sink& sink);

  // --- upstream ---
  void on_joined(Ticket ticket, const Result<Joined>& answer);
  void on_taken(Ticket ticket, Result<Taken> answer);
  void on_claimed(Ticket ticket, Result<Claimed> answer);
  void on_audited(Ticket ticket, const Result<Audited>& answer);
  void on_recalled(Ticket ticket, const Result<Recalled>& answer);
  void on_renewed(Ticket ticket, const Result<Renewed>& answer);
  void on_watching(std::string_view stream);
  void on_bell(std::string_view stream, EntryId id);
  void on_listening(const Name& name);
  void on_control(const Name& name, std::string_view payload);  // no message of ours: ignored

  // --- time ---
  // Some of the groups that have something to ask do so; wakes itself again while there are more.
  void turn();
  void gathered();  // when the time has passed that a Waker was told of
  // Call it four times a second.
  void tick(std::uint64_t now_ms);

  [[nodiscard]] const Figures& figures() const { return core_.figures; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class T>
  using Table = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  Group* find(const Name& name);
  Group& find_or_make(const Name& name);
  void drop(const Group& group);

  Core core_;
  Table<std::unique_ptr<Group>> groups_;  // by redis::queue_pair()
  Table<std::vector<Group*>> streams_;
};

}  // namespace notify::queue
