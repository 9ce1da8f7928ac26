#include "ngx_notify_module/ngx/event.hpp"

#include <utility>

#include "ngx_notify_module/ngx/entry.hpp"

namespace notify {
namespace {

constexpr ngx_socket_t kNoDescriptor = static_cast<ngx_socket_t>(-1);
// Anything but -1, which would say that the connection is free; and no number of a real one.
constexpr ngx_socket_t kNotReally = static_cast<ngx_socket_t>(-2);

ngx_log_t* worker_log() { return ngx_cycle->log; }

template <class T>
T* owner_of(const ngx_event_t* event) {
  return static_cast<T*>(static_cast<ngx_connection_t*>(event->data)->data);
}

void set_up(ngx_event_t& event, ngx_connection_t& nobody, void* owner,
            ngx_event_handler_pt handler) {
  nobody.fd = kNoDescriptor;
  nobody.data = owner;
  event.data = &nobody;
  event.handler = handler;
  event.log = worker_log();
}

// Runs `step` while the table's first place, which the callers have nginx use, is put aside.
template <class Step>
auto with_first_place(Step step) {
  ngx_connection_t** files = ngx_cycle->files;
  ngx_connection_t* saved = files == nullptr ? nullptr : files[0];
  struct Restore {
    ~Restore() {
      if (files != nullptr) {
        files[0] = saved;
      }
    }
    ngx_connection_t** files;
    ngx_connection_t* saved;
  } restore{files, saved};
  return step();
}

}  // namespace

// ---- EventTimer ---------------------------------------------------------------------------------

EventTimer::EventTimer(Kind kind, std::function<void()> fire) : fire_(std::move(fire)) {
  set_up(event_, nobody_, this, entry<&on_event>);
  event_.cancelable = kind == kCancelable ? 1 : 0;
}

void EventTimer::arm(std::chrono::milliseconds after) {
  // ngx_add_timer() leaves a timer as it is that would move by less than 300 ms.
  disarm();
  ngx_add_timer(&event_, static_cast<ngx_msec_t>(after.count()));
}

void EventTimer::disarm() {
  if (event_.timer_set) {
    ngx_del_timer(&event_);
  }
}

void EventTimer::on_event(ngx_event_t* event) {
  event->timedout = 0;
  owner_of<EventTimer>(event)->fire_();
}

// ---- NextTurn -----------------------------------------------------------------------------------

NextTurn::NextTurn(std::function<void()> run) : run_(std::move(run)) {
  set_up(event_, nobody_, this, entry<&on_event>);
}

// Not ngx_posted_events: what is posted there by its own handlers runs in the same turn, and before
// the first turn nothing would wake the loop for it.
void NextTurn::post() { ngx_post_event(&event_, &ngx_posted_next_events); }

void NextTurn::cancel() {
  if (event_.posted) {
    ngx_delete_posted_event(&event_);
  }
}

void NextTurn::on_event(ngx_event_t* event) { owner_of<NextTurn>(event)->run_(); }

// ---- DrainWatcher -------------------------------------------------------------------------------

DrainWatcher::DrainWatcher(std::function<void()> drain) : drain_(std::move(drain)) {}

DrainWatcher::~DrainWatcher() { release(); }

bool DrainWatcher::start() {
  connection_ = take_connection();
  if (connection_ == nullptr) {
    return false;
  }
  connection_->fd = kNotReally;
  connection_->idle = 1;
  connection_->data = this;
  connection_->read->handler = entry<&on_event>;
  connection_->read->log = connection_->log;
  return true;
}

void DrainWatcher::on_event(ngx_event_t* event) {
  auto* watcher = owner_of<DrainWatcher>(event);
  watcher->release();  // before the worker leaves, or nginx finds an open socket
  const auto drain = std::move(watcher->drain_);
  drain();
}

void DrainWatcher::release() {
  if (connection_ != nullptr) {
    give_connection(std::exchange(connection_, nullptr));
  }
}

// ---- connections --------------------------------------------------------------------------------

ngx_connection_t* take_connection() {
  ngx_connection_t* connection =
      with_first_place([] { return ngx_get_connection(0, worker_log()); });
  if (connection != nullptr) {
    connection->fd = kNoDescriptor;
    connection->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
  }
  return connection;
}

void give_connection(ngx_connection_t* connection) {
  with_first_place([connection] {
    connection->idle = 0;
    connection->fd = 0;
    ngx_free_connection(connection);
    connection->fd = kNoDescriptor;
  });
}

}  // namespace notify
