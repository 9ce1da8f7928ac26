#pragma once

// The commands about work queues that requests send: one or two for each, and nothing of the queues
// of this nginx worker. What each takes and answers stands at the top of its script.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/model/entry_id.hpp"
#include "shared/redis/client.hpp"

namespace notify {

struct FinishOrder {
  std::string stream;
  std::string group;
  std::string consumer;  // who must hold them; empty: anybody
  bool remove = false;   // from the stream as well
};

// Answers {finished, deleted, 0, 1, 2 (already) or 3 (just now) for each id}.
redis::Command finish_command(const FinishOrder& order, std::span<const EntryId> ids, int database);

// In which groups an id is in flight: a set of queue_pair().
redis::Command inflight_command(EntryId id);
redis::Command forget_command(std::span<const EntryId> ids, std::string_view stream,
                              std::string_view group);
// Their finisher has its answer: who finishes one of them again is told that it is not there.
redis::Command told_command(std::span<const EntryId> ids, std::string_view stream,
                            std::string_view group);
// Whether it is pending there: a list that is not empty. NOGROUP where there is no such group.
redis::Command pending_command(EntryId id, std::string_view stream, std::string_view group);

// Answers how many consumers there are.
redis::Command limit_command(std::string_view stream, std::string_view group, std::uint64_t limit,
                             int database);
// Answers {consumers, received, finished}.
redis::Command consumers_command(std::string_view stream, std::string_view group);

}  // namespace notify
