#include "shared/process/loop.hpp"

#include <event2/event.h>

#include <cstdlib>
#include <utility>

#include "shared/base/clock.hpp"

namespace notify::process {
namespace {

// libevent answers nullptr only where memory or descriptors have run out.
template <class T>
T* require(T* pointer) {
  if (pointer == nullptr) {
    std::abort();
  }
  return pointer;
}

class LibeventWatch final : public redis::Watch {
 public:
  LibeventWatch(event_base* base, int fd, redis::WatchHandler& handler)
      : base_(base), fd_(fd), handler_(handler) {}
  LibeventWatch(const LibeventWatch&) = delete;
  LibeventWatch& operator=(const LibeventWatch&) = delete;

  ~LibeventWatch() override { release(); }

  void want(bool readable, bool writable) override {
    const auto events = static_cast<short>((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));
    if (events == events_) {
      return;
    }
    release();
    events_ = events;
    if (events != 0) {
      event_ =
          require(event_new(base_, fd_, static_cast<short>(events | EV_PERSIST), &on_event, this));
      event_add(event_, nullptr);
    }
  }

 private:
  static void on_event(evutil_socket_t, short what, void* self) noexcept {
    static_cast<LibeventWatch*>(self)->dispatch(what);
  }

  // The first call may end the registration, or stop being interested in the second.
  void dispatch(short what) {
    const std::weak_ptr<char> alive = alive_;
    if ((what & EV_READ) != 0) {
      handler_.on_readable();
    }
    if (!alive.expired() && (what & events_ & EV_WRITE) != 0) {
      handler_.on_writable();
    }
  }

  void release() {
    if (event_ != nullptr) {
      event_free(event_);
      event_ = nullptr;
    }
    events_ = 0;
  }

  event_base* base_;
  int fd_;
  redis::WatchHandler& handler_;
  event* event_ = nullptr;
  short events_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

class LibeventTimer final : public redis::Timer {
 public:
  LibeventTimer(event_base* base, std::function<void()> fire)
      : event_(require(evtimer_new(base, &on_event, this))),
        fire_(std::make_shared<std::function<void()>>(std::move(fire))) {}
  LibeventTimer(const LibeventTimer&) = delete;
  LibeventTimer& operator=(const LibeventTimer&) = delete;
  ~LibeventTimer() override { event_free(event_); }

  void arm(redis::Milliseconds after) override {
    const auto ms = after.count() < 0 ? 0 : after.count();
    const timeval interval{static_cast<time_t>(ms / 1000),
                           static_cast<suseconds_t>(ms % 1000 * 1000)};
    event_add(event_, &interval);
  }
  void disarm() override { event_del(event_); }

 private:
  static void on_event(evutil_socket_t, short, void* self) noexcept {
    // A copy: the callback may destroy this timer.
    const auto fire = static_cast<LibeventTimer*>(self)->fire_;
    (*fire)();
  }

  event* event_;
  std::shared_ptr<std::function<void()>> fire_;
};

event_base* make_base() {
  const std::unique_ptr<event_config, void (*)(event_config*)> config(require(event_config_new()),
                                                                      event_config_free);
  // The cached time is that of the turn's begin: a timer armed late in a long turn would fire
  // early.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NO_CACHE_TIME);
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  return require(event_base_new_with_config(config.get()));
}

}  // namespace

struct Loop::Signal {
  event* registration = nullptr;
  std::function<void()> handler;

  ~Signal() { event_free(registration); }
  static void on_event(evutil_socket_t, short, void* self) noexcept {
    static_cast<Signal*>(self)->handler();
  }
};

Loop::Loop(LogSink log)
    : log_(std::move(log)),
      base_(make_base()),
      posted_event_(require(event_new(base_, -1, 0, &Loop::end_of_turn, this))),
      generator_(std::random_device{}()) {}

Loop::~Loop() {
  run_posted();
  signals_.clear();
  event_free(posted_event_);
  event_base_free(base_);
}

std::unique_ptr<redis::Watch> Loop::watch(int fd, redis::WatchHandler& handler) {
  return std::make_unique<LibeventWatch>(base_, fd, handler);
}

// Both kinds are alike here: draining is bounded by the dispatcher, not by what timers are left.
std::unique_ptr<redis::Timer> Loop::timer(redis::TimerKind, std::function<void()> fire) {
  return std::make_unique<LibeventTimer>(base_, std::move(fire));
}

void Loop::post(std::function<void()> task) {
  if (posted_.empty()) {
    event_active(posted_event_, 0, 0);
  }
  posted_.push_back(std::move(task));
}

std::uint64_t Loop::now_ms() const { return static_cast<std::uint64_t>(monotonic_ms()); }

double Loop::random() { return std::uniform_real_distribution<double>(0.0, 1.0)(generator_); }

void Loop::log(redis::LogLevel level, std::string_view text) { log_(level, text); }

void Loop::on_signal(int number, std::function<void()> handler) {
  auto signal = std::make_unique<Signal>();
  signal->handler = std::move(handler);
  signal->registration = require(evsignal_new(base_, number, &Signal::on_event, signal.get()));
  event_add(signal->registration, nullptr);
  signals_.push_back(std::move(signal));
}

void Loop::run() { event_base_loop(base_, EVLOOP_NO_EXIT_ON_EMPTY); }

void Loop::stop() { event_base_loopexit(base_, nullptr); }

void Loop::end_of_turn(evutil_socket_t, short, void* self) noexcept {
  static_cast<Loop*>(self)->run_posted();
}

// What these tasks post themselves runs in the next turn, so that sockets get their share.
void Loop::run_posted() {
  const auto tasks = std::exchange(posted_, {});
  for (const auto& task : tasks) {
    task();
  }
}

}  // namespace notify::process
