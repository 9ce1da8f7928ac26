#pragma once

// All clients of this nginx worker that stay, and what keeps them going: the hub and the work
// queues with their turns, one timer for heartbeats and checks, and the drain when the worker is to
// leave.
//
//   Serving ──(nginx begins to shut down)──► Draining ──(the last session is gone)──► Over
//
// While draining, events are delivered as before; the sessions are closed one after another over
// `drain`, each with a `retry:` of its own. A timer holds the worker until then. At the end of the
// time those are cut whose sockets take nothing.

#include <chrono>
#include <random>

#include "ngx_notify_module/base/intrusive.hpp"
#include "ngx_notify_module/base/wheel.hpp"
#include "ngx_notify_module/hub/hub.hpp"
#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/queue/queues.hpp"
#include "ngx_notify_module/stream/outlet.hpp"

namespace notify {

class Sessions final {
 public:
  struct Options {
    hub::Limits limits;
    std::uint64_t drain_ms = 5000;
  };

  Sessions(hub::Source& source, queue::Source& queue_source, queue::Watcher& watcher,
           const Options& options);
  ~Sessions() = default;  // sessions that are left are forgotten: the process ends
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  [[nodiscard]] hub::Hub& hub() { return hub_; }
  [[nodiscard]] queue::Queues& queues() { return queues_; }
  [[nodiscard]] Wheel& wheel() { return wheel_; }
  [[nodiscard]] std::uint64_t now_ms() const { return ngx_current_msec; }

  void drain();
  // Brings the figures of all streams to the zone: four times a second, and for who asks.
  void show_figures();

  // --- for Outlet ---
  void add(Outlet& outlet);
  void remove(Outlet& outlet);
  void end_later(Outlet& outlet);

 private:
  static constexpr std::chrono::milliseconds kTick{Wheel::kTickMs};
  static constexpr std::uint64_t kDrainStepMs = 50;

  struct Waker final : hub::Waker {
    explicit Waker(NextTurn& the_turn) : turn(the_turn) {}
    void wake() override { turn.post(); }
    NextTurn& turn;
  };

  struct QueueWaker final : queue::Waker {
    QueueWaker(NextTurn& the_turn, EventTimer& the_timer) : turn(the_turn), timer(the_timer) {}
    void wake() override { turn.post(); }
    void wake_in(std::uint64_t ms) override { timer.arm(std::chrono::milliseconds(ms)); }
    NextTurn& turn;
    EventTimer& timer;
  };

  void tick();
  void turn_wheel();
  void end_some();
  void drain_some();
  void close_some(std::uint64_t left_ms);
  void cut_all();

  const Options options_;
  std::minstd_rand random_;
  NextTurn turn_;
  NextTurn queue_turn_;
  NextTurn wheel_turn_;
  NextTurn ending_;
  EventTimer ticker_;
  EventTimer drainer_;
  EventTimer gatherer_;
  Wheel wheel_;
  List<Outlet, SessionTag> all_;
  std::size_t count_ = 0;
  List<Outlet, ClosingTag> to_end_;
  bool draining_ = false;
  std::uint64_t drain_end_ms_ = 0;
  Waker hub_waker_;
  QueueWaker queue_waker_;
  hub::Hub hub_;
  queue::Queues queues_;
  hub::Figures shown_hub_;  // as the zone has them
  queue::Figures shown_queues_;
};

}  // namespace notify
