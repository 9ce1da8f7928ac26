#pragma once

// Work that would hold the event loop up, on nginx's own thread pool ("default", which nginx makes
// with 32 threads where no `thread_pool` directive does).

#include <functional>
#include <memory>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"

namespace notify {

struct ThreadPool;  // nginx's

// While the configuration is read. The error says what nginx was built without.
Result<ThreadPool*> use_thread_pool(ngx_conf_t* cf);

// One piece of work. `run` is called on a thread, and must touch nothing that the event loop knows;
// `done` on the event loop afterwards, told whether `run` came to its end; it may destroy the
// object, which must live until then, or until the process ends: nginx waits for its threads before
// modules leave.
class ThreadTask {
 public:
  ThreadTask(std::function<void()> run, std::function<void(bool ran)> done);
  ~ThreadTask();
  ThreadTask(const ThreadTask&) = delete;
  ThreadTask& operator=(const ThreadTask&) = delete;

  // Once. False when the pool takes no more.
  [[nodiscard]] bool post(ThreadPool* pool);

 private:
  struct Task;
  std::unique_ptr<Task> task_;
};

}  // namespace notify
