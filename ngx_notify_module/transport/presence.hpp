#pragma once

// Shows other nginx workers, of all nodes, that this one is alive, while it has consumers of work
// queues: another number in one key, every kAliveMs. One command for all consumers. Who wants a
// name that this worker's connections hold watches the key (queue/group.cpp, wait_for_name()): a
// worker that was killed, or has left with names that Redis was not there to take back, is found
// out by that.
//
// It goes on for kFor after the last show(), which each join and each renewal calls. While Redis is
// away it waits; once the link is back, the next number follows within kRetry.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "ngx_notify_module/ngx/event.hpp"
#include "shared/redis/client.hpp"

namespace notify {

class Presence {
 public:
  explicit Presence(redis::Client& commands);
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;

  // Of this process: random.
  static const std::string& worker();

  void show();

 private:
  static constexpr std::chrono::milliseconds kFor{60'000};
  static constexpr std::chrono::milliseconds kRetry{50};

  void beat();

  redis::Client& commands_;
  EventTimer timer_;  // alive as long as the process is: it does not hold it
  std::uint64_t number_ = 0;
  std::uint64_t until_ms_ = 0;
  bool asked_ = false;  // the last one is not answered yet
  std::shared_ptr<Presence*> self_;
};

}  // namespace notify
