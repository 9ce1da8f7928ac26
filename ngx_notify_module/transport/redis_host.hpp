#pragma once

// What links to Redis need, from an nginx worker's loop. See shared/redis/host.hpp.
//
// A Watch sits on a connection object of nginx. Once taken it is kept for the next Watch until the
// host is destroyed: given back, it could go to a client while Redis is away, and with all
// `worker_connections` in use the link could not come back before a client leaves.

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/redis/host.hpp"

namespace notify {

// Made in init_process (or later), destroyed in exit_process, after all its links.
class RedisHost final : public redis::Host {
 public:
  RedisHost();
  ~RedisHost() override;
  RedisHost(const RedisHost&) = delete;
  RedisHost& operator=(const RedisHost&) = delete;

  std::unique_ptr<redis::Watch> watch(int fd, redis::WatchHandler& handler) override;
  std::unique_ptr<redis::Timer> timer(redis::TimerKind kind, std::function<void()> fire) override;
  void post(std::function<void()> task) override;
  std::uint64_t now_ms() const override { return ngx_current_msec; }
  double random() override;
  void log(redis::LogLevel level, std::string_view text) override;

 private:
  class NginxWatch;
  class NginxTimer;

  void run_tasks();

  std::vector<ngx_connection_t*> spare_;
  std::deque<std::function<void()>> tasks_;
  NextTurn next_turn_;
};

}  // namespace notify
