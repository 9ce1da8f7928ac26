#pragma once

// nginx's loop, as objects: a timer, work for the next turn, and word that the worker is to leave.
// Each disarms itself when it is destroyed, which EventTimer and NextTurn must not be inside of
// their own call (arming there is fine). All live in one worker process, on its one thread, and die
// in exit_process at the latest. They neither move nor get copied: nginx holds pointers to them.

#include <chrono>
#include <functional>

#include "ngx_notify_module/ngx/ngx.hpp"

namespace notify {

// One shot.
class EventTimer {
 public:
  enum Kind {
    kCancelable,  // a worker that shuts down leaves although it is armed
    kHolding,     // it stays until this has fired or is disarmed
  };

  EventTimer(Kind kind, std::function<void()> fire);
  ~EventTimer() { disarm(); }
  EventTimer(const EventTimer&) = delete;
  EventTimer& operator=(const EventTimer&) = delete;

  void arm(std::chrono::milliseconds after);  // again: replaces
  void disarm();
  [[nodiscard]] bool armed() const { return event_.timer_set != 0; }

 private:
  static void on_event(ngx_event_t* event);

  std::function<void()> fire_;
  // nginx's debug log takes an event's data for a connection, and reads its number.
  ngx_connection_t nobody_{};
  ngx_event_t event_{};
};

// Runs in the next turn of the loop, once for any number of calls of post().
class NextTurn {
 public:
  explicit NextTurn(std::function<void()> run);
  ~NextTurn() { cancel(); }
  NextTurn(const NextTurn&) = delete;
  NextTurn& operator=(const NextTurn&) = delete;

  void post();
  void cancel();
  [[nodiscard]] bool posted() const { return event_.posted != 0; }

 private:
  static void on_event(ngx_event_t* event);

  std::function<void()> run_;
  ngx_connection_t nobody_{};
  ngx_event_t event_{};
};

// Told once when the worker starts to shut down gracefully. nginx has no hook for that, but it
// closes idle connections then: this is one, without a socket. What wants to go on after `drain`
// has returned needs a holding timer, or the worker is gone in the same turn.
class DrainWatcher {
 public:
  explicit DrainWatcher(std::function<void()> drain);
  ~DrainWatcher();
  DrainWatcher(const DrainWatcher&) = delete;
  DrainWatcher& operator=(const DrainWatcher&) = delete;

  // False when nginx has no free connection for it. Only in a worker, from init_process on.
  [[nodiscard]] bool start();

 private:
  static void on_event(ngx_event_t* event);
  void release();

  std::function<void()> drain_;
  ngx_connection_t* connection_ = nullptr;
};

// A connection object of nginx for a descriptor that is not a client's. nginx keeps a table by
// descriptor for some event methods (poll), which a fake number must not touch. Null, and logged by
// nginx, when `worker_connections` are all in use.
ngx_connection_t* take_connection();
void give_connection(ngx_connection_t* connection);

}  // namespace notify
