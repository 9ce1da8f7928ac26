#include "ngx_notify_module/ngx/thread_pool.hpp"

#include <utility>

#include "ngx_notify_module/ngx/entry.hpp"

namespace notify {

#if (NGX_THREADS)

struct ThreadTask::Task {
  static void run(void* data, ngx_log_t*) noexcept {
    auto* self = static_cast<Task*>(data);
    try {
      self->work();
      self->ran = true;
    } catch (...) {
      self->ran = false;  // told on the event loop: a thread must not write to nginx's logs
    }
  }
  static void on_done(ngx_event_t* event) {
    auto* self = static_cast<Task*>(event->data);
    const auto done = std::move(self->done);
    done(self->ran);  // which may be the end of `self`
  }

  std::function<void()> work;
  std::function<void(bool)> done;
  ngx_thread_task_t task{};
  bool ran = false;
};

Result<ThreadPool*> use_thread_pool(ngx_conf_t* cf) {
  ngx_thread_pool_t* pool = ngx_thread_pool_add(cf, nullptr);
  if (pool == nullptr) {
    return Error{ErrorKind::kInternal, "out of memory"};
  }
  return reinterpret_cast<ThreadPool*>(pool);
}

ThreadTask::ThreadTask(std::function<void()> run, std::function<void(bool)> done)
    : task_(std::make_unique<Task>()) {
  task_->work = std::move(run);
  task_->done = std::move(done);
}

bool ThreadTask::post(ThreadPool* pool) {
  ngx_thread_task_t& task = task_->task;
  task.ctx = task_.get();
  task.handler = &Task::run;
  task.event.data = task_.get();
  task.event.handler = entry<&Task::on_done>;
  task.event.log = ngx_cycle->log;
  return ngx_thread_task_post(reinterpret_cast<ngx_thread_pool_t*>(pool), &task) == NGX_OK;
}

#else

struct ThreadTask::Task {};

Result<ThreadPool*> use_thread_pool(ngx_conf_t*) {
  return invalid("needs an nginx that was built with --with-threads");
}

ThreadTask::ThreadTask(std::function<void()>, std::function<void(bool)>) {}

bool ThreadTask::post(ThreadPool*) { return false; }

#endif

ThreadTask::~ThreadTask() = default;

}  // namespace notify
