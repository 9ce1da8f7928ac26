#pragma once

// Heartbeats of thousands of clients from one timer: a wheel of slots, each a list of those who are
// due at that tick (or a whole number of turns later). Setting, moving and leaving cost nothing but
// links. It is turned from outside, and knows no clock.

#include <array>
#include <cstddef>
#include <cstdint>

#include "ngx_notify_module/base/intrusive.hpp"

namespace notify {

struct WheelTag;

class Wheel {
 public:
  static constexpr std::uint64_t kTickMs = 250;

  class Member : public Hook<WheelTag> {
   public:
    Member() = default;
    Member(const Member&) = delete;
    Member& operator=(const Member&) = delete;
    [[nodiscard]] std::uint64_t due_ms() const { return due_ms_; }

   protected:
    // May set itself again, or be destroyed.
    virtual void on_due(std::uint64_t now_ms) = 0;
    virtual ~Member() = default;

   private:
    friend class Wheel;
    std::uint64_t due_ms_ = 0;
  };

  // At the first tick at or after `due_ms`; again: replaces.
  void set(Member& member, std::uint64_t due_ms);

  // The time is `now_ms`: calls at most `budget` of those who are due. False if some are left, to
  // be called with the next turn.
  [[nodiscard]] bool turn(std::uint64_t now_ms, unsigned budget);

 private:
  static constexpr std::size_t kSlots = 128;
  using Slot = List<Member, WheelTag>;

  Slot& slot(std::uint64_t tick) { return slots_[tick % kSlots]; }

  std::array<Slot, kSlots> slots_;
  Slot due_;
  std::uint64_t tick_ = 0;  // up to here all slots were emptied
};

}  // namespace notify
