#pragma once

// All clients of this nginx worker that stay, and what keeps them going: the hub with its turns,
// one timer for heartbeats and checks, and the drain when the worker is to leave.
//
//   Serving ──(nginx begins to shut down)──► Draining ──(the last session is gone)──► the worker
//   ends
//
// While draining, events are delivered as before; the sessions are closed one after another over
// `drain`, each with a `retry:` of its own. A timer holds the worker until then. At the end of the
// time those are cut whose sockets take nothing.

#include <chrono>
#include <random>

#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/hub/wheel.hpp"
#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/stream/session.hpp"

namespace notify {

class Sessions final : private hub::Waker {
 public:
  struct Options {
    hub::Limits limits;
    std::uint64_t drain_ms = 5000;
  };

  Sessions(hub::Source& source, const Options& options);
  ~Sessions() = default;  // sessions that are left are forgotten: the process ends
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  [[nodiscard]] hub::Hub& hub() { return hub_; }
  [[nodiscard]] hub::Wheel& wheel() { return wheel_; }
  [[nodiscard]] std::uint64_t now_ms() const { return ngx_current_msec; }

  void drain();

  // --- for Session ---
  void add(Session& session);
  void remove(Session& session);
  void end_later(Session& session);

 private:
  static constexpr std::chrono::milliseconds kTick{hub::Wheel::kTickMs};
  static constexpr std::uint64_t kDrainStepMs = 50;

  void wake() override { turn_.post(); }
  void tick();
  void turn_wheel();
  void end_some();
  void drain_some();
  void close_some(std::uint64_t left_ms);
  void cut_all();

  const Options options_;
  std::minstd_rand random_;
  NextTurn turn_;
  NextTurn wheel_turn_;
  NextTurn ending_;
  EventTimer ticker_;
  EventTimer drainer_;
  hub::Wheel wheel_;
  hub::List<Session, SessionTag> all_;
  std::size_t count_ = 0;
  hub::List<Session, ClosingTag> to_end_;
  bool draining_ = false;
  std::uint64_t drain_end_ms_ = 0;
  hub::Hub hub_;
};

}  // namespace notify
