#pragma once

// What the worker does to one stream and its group, as typed calls: the only file, with its scripts
// and queue.cpp's reading, that knows stream commands. Every call may be repeated.
//
// An entry's life in the group:
//
//   new ── taken ──► held ── done, dead ──► finished
//                    │  ▲
//              later │  │ due: by any worker
//                    ▼  │
//                   waiting (has a due record)
//
// Held and waiting are both pending: an entry's owner is the consumer that it is pending for, its
// attempts are the group's delivery counter less one. What is held by a consumer whose lease has
// lapsed is reclaimed.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/model/delivery.hpp"
#include "worker/delivery/dispatcher.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

// Entries that came into this worker's hands, and what comes next.
struct Handed {
  enum class State { kOk, kLost, kHeld };  // kLost: not our name any more; kHeld: another's
  State state = State::kOk;
  std::vector<Delivery> deliveries;
  std::vector<std::string> trimmed;  // were pending, have no body: acknowledged
  std::int64_t next_due_ms = -1;     // due(): until the next one is due; -1: there is none
  std::string next_page;             // reclaim(): where to go on; empty: that was all
};

struct GroupState {
  bool created = false;
  bool existed_before = false;  // created where it had been: something has removed it
  std::string start;
};

struct ConsumerInfo {
  std::string name;
  std::int64_t pending = 0;
  std::int64_t idle_ms = 0;
};

class GroupStore {
 public:
  template <class T>
  using Done = std::function<void(Result<T>)>;

  // `token` is this worker's: what its leases hold.
  GroupStore(redis::Client& client, std::string stream, std::string group, std::string token);

  [[nodiscard]] const std::string& stream() const { return stream_; }
  [[nodiscard]] const std::string& group() const { return group_; }

  void ensure_group(Done<GroupState> done);
  // The place of the name in `names`, from 1, that is ours for `ttl` now; 0: all are others'.
  void lease(const std::vector<std::string>& names, std::chrono::milliseconds ttl,
             Done<std::size_t> done);
  void release(const std::string& name, std::function<void()> done);

  // `tracking`: of a delivery that somebody is to answer.
  void begin(const Delivery& delivery, const std::optional<Tracking>& tracking,
             std::function<void(Result<Begin>)> done);
  void settle(const Delivery& delivery, const std::optional<Tracking>& tracking,
              const Settlement& settlement, std::function<void(Result<Settled>)> done);

  void due(const std::string& consumer, std::size_t limit, Done<Handed> done);
  void reclaim(const std::string& consumer, const std::string& from,
               std::chrono::milliseconds least_idle, const std::string& page, std::size_t limit,
               Done<Handed> done);

  // Which requests have published them: from the entry, else from what is kept beside the stream.
  // An id is a name in logs: what cannot be learned is left out, and done() comes all the same.
  void identify(std::vector<Delivery> deliveries, std::function<void(std::vector<Delivery>)> done);

  void consumers(Done<std::vector<ConsumerInfo>> done);
  void forget_consumer(const std::string& name, std::chrono::milliseconds least_idle,
                       Done<bool> done);
  void keep_mark(std::function<void(Result<void>)> done);

 private:
  [[nodiscard]] std::string lease_key(const std::string& consumer) const;
  void hand_over(Result<Handed> handed, const Done<Handed>& done);
  [[nodiscard]] Result<Handed> parse_handed(const redis::Reply& reply,
                                            const std::string& consumer) const;

  Calls calls_;
  std::string stream_;
  std::string group_;
  std::string token_;
  std::string due_key_;
  std::string dead_key_;
  std::string mark_key_;
  std::string requests_key_;
};

}  // namespace notify::worker
