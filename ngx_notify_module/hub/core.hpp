#pragma once

// What the parts of the hub share.

#include <cstdint>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/hub/limits.hpp"
#include "ngx_notify_module/hub/reads.hpp"
#include "ngx_notify_module/hub/source.hpp"

namespace notify::hub {

class Channel;
class Subscriber;

struct DueTag;      // channels with work for the next turn
struct StalledTag;  // channels whose read failed, to be tried again at the next tick
struct IdleTag;     // channels without subscribers, the longest idle one first
struct RoundTag;    // all channels, in the order of their regular checks
struct MemberTag;   // subscribers, on the list of their state

// Asks for a call of Hub::turn() later in this or the next turn of the event loop.
class Waker {
 public:
  virtual void wake() = 0;

 protected:
  ~Waker() = default;
};

// What one turn may do. A delivery is some thousand times as much work as a look at a subscriber
// that lacks nothing, but those looks must end, too.
class Budget {
 public:
  static constexpr int kDelivery = 16;
  explicit Budget(unsigned deliveries) : left_(static_cast<int>(deliveries) * kDelivery) {}
  void spend(int cost) { left_ -= cost; }
  [[nodiscard]] bool spent() const { return left_ <= 0; }

 private:
  int left_;
};

struct Core {
  Core(Source& a_source, Waker& a_waker, const Limits& some_limits)
      : source(a_source),
        waker(a_waker),
        limits(some_limits),
        reads(a_source, some_limits.max_reads) {}

  Source& source;
  Waker& waker;
  const Limits limits;
  Reads reads;
  Figures figures;
  std::uint64_t now_ms = 0;  // as of the last tick

  bool awake = false;  // turn() was asked for
  List<Channel, DueTag> due;
  List<Channel, StalledTag> stalled;
  List<Channel, IdleTag> idle;
  std::size_t idle_channels = 0;
  List<Channel, RoundTag> round;

  void wake() {
    if (!awake) {
      awake = true;
      waker.wake();
    }
  }
};

}  // namespace notify::hub
