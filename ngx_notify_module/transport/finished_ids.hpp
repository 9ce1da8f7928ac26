#pragma once

// Ids that were finished, and are to leave notify:{inflight}. Nobody waits for that, so they go
// together: as one command for all that one group has finished within a moment, it costs Redis and
// nginx a fraction of a command for each.
//
// Their notes (finish.lua) go at once, together with those of the same turn: whoever finishes one
// of them a second time is to hear that it is not there.
//
// At most kMost are kept; then, or when kDelay has passed since the first, they are sent. What is
// never sent (Redis is away for long, the worker was killed) lapses by itself with the ack timeout.

#include <chrono>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ngx_notify_module/ngx/event.hpp"
#include "shared/model/entry_id.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class FinishedIds {
 public:
  explicit FinishedIds(redis::Client& commands);
  FinishedIds(const FinishedIds&) = delete;
  FinishedIds& operator=(const FinishedIds&) = delete;

  void add(std::span<const EntryId> ids, std::string_view stream, std::string_view group);
  // These were finished just now, and the one who asked for it has the answer.
  void told(std::span<const EntryId> ids, std::string_view stream, std::string_view group);

 private:
  using Ids = std::map<std::pair<std::string, std::string>, std::vector<EntryId>, std::less<>>;
  static constexpr std::size_t kMost = 500;  // a script holds up Redis for as long as it runs
  static constexpr std::chrono::milliseconds kDelay{20};

  void send();
  void send_told();

  redis::Client& commands_;
  EventTimer timer_;  // holds the worker: what is short of its time is sent
  NextTurn told_turn_;
  Ids ids_;
  Ids told_;
  std::size_t count_ = 0;
};

}  // namespace notify
