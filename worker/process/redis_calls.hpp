#pragma once

// Calls to Redis for objects that may go before the answer comes: with their Calls the completions
// go, too. An error reply becomes an Error: kNotFound where the group or the stream is not there,
// kInternal otherwise.

#include <memory>
#include <string>
#include <vector>

#include "shared/redis/client.hpp"

namespace notify::worker {

class Calls {
 public:
  // Of a client's requests there may be many: they have a bound of their own.
  explicit Calls(redis::Client& client, redis::Sender sender = redis::Sender::kProduct)
      : client_(client), sender_(sender) {}
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  // All of the worker's scripts may be repeated. `wait`: for the link, see redis::Command.
  void script(const redis::Script& script, std::vector<std::string> keys,
              std::vector<std::string> arguments, redis::Milliseconds wait,
              redis::Completion completion);
  void command(redis::Command command, redis::Completion completion);

 private:
  redis::Client& client_;
  redis::Sender sender_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace notify::worker
