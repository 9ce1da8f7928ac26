#pragma once

// The shared state of a command in flight: one end is the caller's handle (Pending), the other one
// the operation in a link's or client's table. Only these files see it.

#include <memory>
#include <utility>

#include "shared/redis/link.hpp"

namespace notify::redis {

struct Pending::Control {
  Completion completion;
  bool done = false;                       // called or detached
  std::shared_ptr<std::size_t> listeners;  // counts controls that are not done; may be null

  Control(Completion called, std::shared_ptr<std::size_t> counter);
  ~Control() { finish(); }
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  // At most once has an effect. The completion may drop the handle, or whatever owns it.
  void complete(Result<Reply> result);
  // Makes it done without a call, and hands back the completion: to be destroyed by the caller.
  Completion finish();
};

}  // namespace notify::redis
