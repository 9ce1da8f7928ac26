#include "ngx_notify_module/base/wheel.hpp"

#include <algorithm>

namespace notify {

void Wheel::set(Member& member, std::uint64_t due_ms) {
  member.due_ms_ = due_ms;
  const std::uint64_t tick = (due_ms + kTickMs - 1) / kTickMs;
  slot(std::max(tick, tick_ + 1)).push_back(member);
}

bool Wheel::turn(std::uint64_t now_ms, unsigned budget) {
  const std::uint64_t now_tick = now_ms / kTickMs;
  // After a long sleep each slot need be looked at once.
  tick_ = std::max(tick_, now_tick - std::min<std::uint64_t>(now_tick, kSlots));
  while (tick_ < now_tick) {
    Slot& slot_now = slot(++tick_);
    Slot later;
    while (!slot_now.empty()) {
      Member& member = slot_now.front();
      (member.due_ms_ <= now_ms ? due_ : later).push_back(member);
    }
    slot_now.splice(later);
  }
  for (; budget > 0 && !due_.empty(); --budget) {
    Member& member = due_.front();
    member.unlink();
    member.on_due(now_ms);
  }
  return due_.empty();
}

}  // namespace notify
