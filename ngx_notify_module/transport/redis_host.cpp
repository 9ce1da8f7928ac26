#include "ngx_notify_module/transport/redis_host.hpp"

#include <utility>

#include "ngx_notify_module/ngx/entry.hpp"

namespace notify {

// ---- descriptors --------------------------------------------------------------------------------

class RedisHost::NginxWatch final : public redis::Watch {
 public:
  NginxWatch(RedisHost& host, ngx_connection_t* connection, int fd, redis::WatchHandler& handler);
  ~NginxWatch() override;
  NginxWatch(const NginxWatch&) = delete;
  NginxWatch& operator=(const NginxWatch&) = delete;

  void want(bool readable, bool writable) override;

 private:
  static void on_read(ngx_event_t* event);
  static void on_write(ngx_event_t* event);
  static void set(ngx_event_t* event, ngx_int_t what, bool wanted);

  RedisHost& host_;
  ngx_connection_t* connection_;
  redis::WatchHandler& handler_;
};

RedisHost::NginxWatch::NginxWatch(RedisHost& host, ngx_connection_t* connection, int fd,
                                  redis::WatchHandler& handler)
    : host_(host), connection_(connection), handler_(handler) {
  connection->fd = fd;
  connection->data = this;
  connection->read->handler = entry<&on_read>;
  connection->write->handler = entry<&on_write>;
  connection->read->log = connection->log;
  connection->write->log = connection->log;
  if (ngx_cycle->files != nullptr && static_cast<ngx_uint_t>(fd) < ngx_cycle->files_n) {
    ngx_cycle->files[fd] = connection;
  }
}

RedisHost::NginxWatch::~NginxWatch() {
  want(false, false);
  ngx_connection_t* c = connection_;
  if (c->read->posted) {
    ngx_delete_posted_event(c->read);
  }
  if (c->write->posted) {
    ngx_delete_posted_event(c->write);
  }
  if (ngx_cycle->files != nullptr && static_cast<ngx_uint_t>(c->fd) < ngx_cycle->files_n &&
      ngx_cycle->files[c->fd] == c) {
    ngx_cycle->files[c->fd] = nullptr;
  }
  // The object as ngx_get_connection() hands it out. The instance tells events that the kernel has
  // already delivered for this descriptor from those of the next one.
  ngx_event_t* read = c->read;
  ngx_event_t* write = c->write;
  ngx_log_t* log = c->log;
  const unsigned instance = read->instance;
  *c = ngx_connection_t{};
  *read = ngx_event_t{};
  *write = ngx_event_t{};
  c->read = read;
  c->write = write;
  c->fd = static_cast<ngx_socket_t>(-1);
  c->log = log;
  c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
  for (ngx_event_t* event : {read, write}) {
    event->instance = !instance;
    event->index = NGX_INVALID_INDEX;
    event->data = c;
  }
  write->write = 1;
  host_.spare_.push_back(c);  // has room: see watch()
}

void RedisHost::NginxWatch::want(bool readable, bool writable) {
  set(connection_->read, NGX_READ_EVENT, readable);
  set(connection_->write, NGX_WRITE_EVENT, writable);
}

// Level-triggered both: the flag belongs to the descriptor, and hiredis reads 16 kB at a time:
// edge-triggered, the rest would wait for more to come. nginx logs what fails, which an open
// descriptor gives no reason for.
void RedisHost::NginxWatch::set(ngx_event_t* event, ngx_int_t what, bool wanted) {
  if (wanted && !event->active) {
    ngx_add_event(event, what, NGX_LEVEL_EVENT);
  } else if (!wanted && event->active) {
    ngx_del_event(event, what, 0);
  }
}

// nginx calls the handlers of all connections when `worker_shutdown_timeout` is over, also of those
// that wait for nothing.
void RedisHost::NginxWatch::on_read(ngx_event_t* event) {
  auto* watch = static_cast<NginxWatch*>(static_cast<ngx_connection_t*>(event->data)->data);
  if (event->active) {
    watch->handler_.on_readable();
  }
}

void RedisHost::NginxWatch::on_write(ngx_event_t* event) {
  auto* watch = static_cast<NginxWatch*>(static_cast<ngx_connection_t*>(event->data)->data);
  if (event->active) {
    watch->handler_.on_writable();
  }
}

std::unique_ptr<redis::Watch> RedisHost::watch(int fd, redis::WatchHandler& handler) {
  if (spare_.empty()) {
    spare_.reserve(spare_.capacity() + 1);  // for all that are out, so that no destructor allocates
    ngx_connection_t* connection = take_connection();
    if (connection == nullptr) {
      return nullptr;
    }
    spare_.push_back(connection);
  }
  ngx_connection_t* connection = spare_.back();
  auto watch = std::make_unique<NginxWatch>(*this, connection, fd, handler);
  spare_.pop_back();
  return watch;
}

// ---- time ---------------------------------------------------------------------------------------

class RedisHost::NginxTimer final : public redis::Timer {
 public:
  NginxTimer(EventTimer::Kind kind, std::function<void()> fire) : timer_(kind, std::move(fire)) {}
  void arm(redis::Milliseconds after) override { timer_.arm(after); }
  void disarm() override { timer_.disarm(); }

 private:
  EventTimer timer_;
};

std::unique_ptr<redis::Timer> RedisHost::timer(redis::TimerKind kind, std::function<void()> fire) {
  return std::make_unique<NginxTimer>(
      kind == redis::TimerKind::kHolding ? EventTimer::kHolding : EventTimer::kCancelable,
      std::move(fire));
}

// ---- tasks --------------------------------------------------------------------------------------

void RedisHost::post(std::function<void()> task) {
  tasks_.push_back(std::move(task));
  next_turn_.post();
}

// What a task posts has its turn in the next one.
void RedisHost::run_tasks() {
  const struct PostRest {
    ~PostRest() {
      if (!host.tasks_.empty()) {
        host.next_turn_.post();
      }
    }
    RedisHost& host;
  } post_rest{*this};
  for (std::size_t left = tasks_.size(); left > 0 && !tasks_.empty(); --left) {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
  }
}

// ---- the rest -----------------------------------------------------------------------------------

RedisHost::RedisHost() : next_turn_([this] { run_tasks(); }) {}

RedisHost::~RedisHost() {
  while (!tasks_.empty()) {
    const auto task = std::move(tasks_.front());  // what it owns may post, or hold a watch
    tasks_.pop_front();
  }
  for (ngx_connection_t* connection : spare_) {
    give_connection(connection);
  }
}

// nginx seeds it differently in each worker.
double RedisHost::random() {
  return static_cast<double>(::random()) / (static_cast<double>(RAND_MAX) + 1.0);
}

void RedisHost::log(redis::LogLevel level, std::string_view text) {
  static constexpr ngx_uint_t kLevels[] = {NGX_LOG_DEBUG, NGX_LOG_INFO, NGX_LOG_NOTICE,
                                           NGX_LOG_WARN, NGX_LOG_ERR};
  log_text(kLevels[static_cast<std::size_t>(level)], ngx_cycle->log, text);
}

}  // namespace notify
