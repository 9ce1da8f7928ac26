#pragma once

// The budget of a destination, shared by all workers through Redis (scripts/budget.lua).

#include <chrono>
#include <functional>
#include <string>

#include "shared/base/result.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class Budget {
 public:
  // `destination` is what its identity is; only its digest goes to Redis.
  Budget(redis::Client& client, std::string_view destination, unsigned burst, double rate);

  // 0: a token was taken; else how long to wait.
  void take(std::function<void(Result<std::chrono::milliseconds>)> done);
  // Nobody takes one before that time.
  void hold(std::chrono::milliseconds time);

 private:
  Calls calls_;
  std::string key_;
  std::string burst_;
  std::string rate_;
};

}  // namespace notify::worker
