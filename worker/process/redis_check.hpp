#pragma once

// Whether this Redis keeps what it is given: said loudly once, since nothing else will tell before
// the day on which messages are missed.

#include "worker/process/log.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class RedisCheck {
 public:
  RedisCheck(redis::Client& client, Log& log) : calls_(client), log_(log) {}

  void on_link(bool ready);

 private:
  void judge(std::string_view info);

  Calls calls_;
  Log& log_;
  bool done_ = false;
};

}  // namespace notify::worker
