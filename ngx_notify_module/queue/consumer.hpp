#pragma once

// One client of one group: its name, what it may have, and what it has.
//
//   Joining ──(the name is its own)──► Serving ⇄ Blocked: its socket is full
//    ⟲ │ held: again, for a while         │         │
//      │ held, refused                    │ group lost, name lost, the sink has closed
//      └────────────────┬─────────────────┴─────────┘
//                       ▼
//                     Ended
//
// It is asked for (ready) while it is Serving and has room: its limit less what it has in flight.
// The limit that counts stands in Redis; this one tells whether asking is of any use. A client that
// reads nothing is Blocked with what it was given, gets no more, and is closed by its session.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/queue/holdings.hpp"
#include "ngx_notify_module/queue/limits.hpp"
#include "ngx_notify_module/queue/sink.hpp"

namespace notify::queue {

// Owned by the session; the destructor leaves: the name is free, what is in flight stays pending.
class Consumer final : public Hook<ConsumerTag>, public Hook<ReadyTag> {
 public:
  enum class State : std::uint8_t { kJoining, kServing, kBlocked, kEnded };

  struct Options {
    std::string name;   // unique where the client gives none: `consumer-<random>`
    std::string token;  // of this connection: random, without blanks
    std::uint64_t limit = 1;
    Settings settings;
  };

  Consumer(Group& group, Options options, Sink& sink);
  ~Consumer();
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  // The sink's socket took everything: go on.
  void drained();

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] std::uint64_t limit() const { return limit_; }
  [[nodiscard]] std::size_t in_flight() const { return hand_.count; }

 private:
  friend class Group;
  friend class Holdings;

  [[nodiscard]] Member member() const { return {options_.name, options_.token}; }
  [[nodiscard]] bool connected() const {
    return state_ == State::kServing || state_ == State::kBlocked;
  }
  [[nodiscard]] std::size_t room() const {
    return state_ == State::kServing && limit_ > hand_.count
               ? static_cast<std::size_t>(limit_ - hand_.count)
               : 0;
  }
  // It has enough to do, and room for a few more only.
  [[nodiscard]] bool busy(const Limits& limits) const {
    return hand_.count >= limits.gather_hand && room() < limit_ / limits.gather_part;
  }
  [[nodiscard]] Holdings::Hand& hand() { return hand_; }

  Group* group_;  // null when it is Ended
  Sink* sink_;
  const Options options_;
  State state_ = State::kJoining;
  std::uint64_t serial_;  // what it is known by where it may be gone
  Ticket join_ = 0;
  // Whose its name was when it was asked for, and since when that one gave no sign of life.
  struct Rival {
    std::string token;
    std::string sign;
    std::uint64_t first_ms = 0;
    std::uint64_t still_since_ms = 0;
    bool gone = false;
  };
  std::optional<Rival> rival_;
  std::uint64_t asked_ms_ = 0;  // for its name, last
  std::uint64_t limit_;
  std::uint64_t renewed_ms_ = 0;
  Holdings::Hand hand_;
};

}  // namespace notify::queue
