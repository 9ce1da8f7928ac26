#pragma once

// What work queues hand to downstream: a client that stays. stream/consumer_session will implement
// it for SSE; tests have a fake.

#include <cstdint>
#include <span>

#include "ngx_notify_module/hub/sink.hpp"
#include "shared/base/result.hpp"
#include "shared/model/entry.hpp"

namespace notify::queue {

using hub::Flow;  // kBlocked: nothing more until Consumer::drained()

enum class End : std::uint8_t {
  kHeld,       // before joined(): the name is another connection's (409)
  kRefused,    // before joined(): Redis is away, or has refused; the error says more
  kGroupLost,  // the group is gone; the client is to connect again
  kLeaseLost,  // the name was not renewed in time, and is another connection's now
};

// The consumer may be destroyed inside of these calls, and so may others.
class Sink {
 public:
  // The name is this client's. Called once, before the first deliver().
  virtual Flow joined() = 0;
  // Entries that are pending for this client now, in the order in which they were given.
  virtual Flow deliver(std::span<const Entry> entries) = 0;
  // The last call. `error` is set for kRefused.
  virtual void ended(End why, const Error* error) = 0;

 protected:
  ~Sink() = default;
};

}  // namespace notify::queue
