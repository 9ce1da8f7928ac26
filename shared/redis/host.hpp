#pragma once

// What a Redis link needs from the process that it lives in: an event loop, seen through a
// key-hole. Two implementations: transport/redis_host (nginx) and shared/process/loop (libevent);
// tests have a fake.
//
// One thread. Nothing here calls back from inside the call that arms it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace notify::redis {

using Milliseconds = std::chrono::milliseconds;

// A registered descriptor. Destroying it ends the registration; the descriptor stays open. It may
// be destroyed inside its own handler: after calling the handler an implementation touches neither.
class Watch {
 public:
  virtual ~Watch() = default;
  // Level-triggered: hiredis reads about 16 kB per readable event.
  virtual void want(bool readable, bool writable) = 0;
};

class WatchHandler {
 public:
  virtual void on_readable() = 0;
  virtual void on_writable() = 0;

 protected:
  ~WatchHandler() = default;
};

// One shot. Destroying it disarms it. It may be armed and disarmed, but is not destroyed, inside
// its own `fire`.
class Timer {
 public:
  virtual ~Timer() = default;
  virtual void arm(Milliseconds after) = 0;  // again: replaces
  virtual void disarm() = 0;
};

enum class TimerKind {
  kBackground,  // does not keep a process alive that is shutting down (probe, reconnect)
  kHolding,     // somebody waits for what it guards (a command's deadline, a drain)
};

enum class LogLevel { kDebug, kInfo, kNotice, kWarning, kError };

class Host {
 public:
  virtual ~Host() = default;
  // Wants nothing at first. Null when the process has no room for another descriptor.
  virtual std::unique_ptr<Watch> watch(int fd, WatchHandler& handler) = 0;
  virtual std::unique_ptr<Timer> timer(TimerKind kind, std::function<void()> fire) = 0;
  // Runs `task` once, later in this or the next turn of the loop, never inside this call.
  // This is also how an object is freed that may be on the stack: post its destruction. Tasks that
  // have not run when the host is destroyed are destroyed first, while it still works.
  virtual void post(std::function<void()> task) = 0;
  virtual std::uint64_t now_ms() const = 0;  // monotonic
  virtual double random() = 0;               // [0, 1)
  virtual void log(LogLevel level, std::string_view text) = 0;
};

}  // namespace notify::redis
