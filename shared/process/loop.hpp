#pragma once

// The event loop of a process of its own, such as the worker's: libevent, as a redis::Host. One
// thread.
//
// Ownership: the loop owns nobody's watch or timer; it must outlive them. What was posted runs at
// the end of the turn in which it was posted; that is also where objects are freed that may be on
// the stack. Destroying a watch or timer inside its own callback is fine. libevent's frames cannot
// carry an exception (only a bug or memory running out raises one): callbacks are noexcept.

#include <event2/util.h>

#include <functional>
#include <memory>
#include <random>
#include <string_view>
#include <vector>

#include "shared/redis/host.hpp"

struct event;
struct event_base;

namespace notify::process {

using LogSink = std::function<void(redis::LogLevel level, std::string_view text)>;

class Loop final : public redis::Host {
 public:
  explicit Loop(LogSink log);
  ~Loop() override;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  std::unique_ptr<redis::Watch> watch(int fd, redis::WatchHandler& handler) override;
  std::unique_ptr<redis::Timer> timer(redis::TimerKind kind, std::function<void()> fire) override;
  void post(std::function<void()> task) override;
  [[nodiscard]] std::uint64_t now_ms() const override;
  double random() override;
  void log(redis::LogLevel level, std::string_view text) override;

  // The handler runs in the loop, not in the signal's context.
  void on_signal(int number, std::function<void()> handler);
  void run();   // until stop()
  void stop();  // after this turn

  // For libevent's own servers.
  [[nodiscard]] event_base* base() const { return base_; }

 private:
  struct Signal;
  static void end_of_turn(evutil_socket_t, short, void* self) noexcept;
  void run_posted();

  LogSink log_;
  event_base* base_;
  event* posted_event_;
  std::vector<std::function<void()>> posted_;
  std::vector<std::unique_ptr<Signal>> signals_;
  std::mt19937_64 generator_;
};

}  // namespace notify::process
