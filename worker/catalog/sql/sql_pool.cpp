#include "worker/catalog/sql/sql_pool.hpp"

#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "shared/base/clock.hpp"
#include "worker/catalog/sql/sql_threads.hpp"

namespace notify::worker {

class SqlPool::Impl final : private redis::WatchHandler {
 public:
  Impl(redis::Host& host, Log& log, SqlOptions options)
      : host_(host),
        log_(log),
        options_(std::move(options)),
        threads_(options_.url, options_.threads),
        watch_(host_.watch(threads_.wake_fd(), *this)),
        timer_(host_.timer(redis::TimerKind::kBackground, [this] { tick(); })) {
    if (!watch_) {
      std::abort();  // no descriptor left at start
    }
    watch_->want(true, false);
  }

  ~Impl() {
    watch_.reset();
    threads_.stop();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void submit(Job job, JobDone done) {
    const auto number = ++last_;
    const auto deadline = monotonic_ms() + options_.patience.count();
    if (threads_.add({number, deadline, std::move(job)}, options_.max_waiting)) {
      if (jobs_.empty()) {
        timer_->arm(kTick);
      }
      jobs_.emplace(number, Waiting{std::move(done), deadline});
      return;
    }
    host_.post([alive = std::weak_ptr(alive_), done = std::move(done)] {
      if (!alive.expired()) {
        done(Error{ErrorKind::kUnavailable, "too many requests wait for the database"});
      }
    });
  }

  [[nodiscard]] bool reachable() const { return reachable_; }
  [[nodiscard]] std::uint64_t reachable_since_ms() const { return since_ms_; }
  [[nodiscard]] std::size_t outstanding() const { return jobs_.size(); }

 private:
  struct Waiting {
    JobDone done;
    std::int64_t deadline_ms = 0;
  };

  void on_writable() override {}
  void on_readable() override {
    const auto alive = std::weak_ptr(alive_);
    for (auto& one : threads_.take_finished()) {
      finish(one.number, std::move(one.result));
      if (alive.expired()) {
        return;
      }
    }
  }

  // Jobs have their deadlines in the order of their numbers.
  void tick() {
    const auto alive = std::weak_ptr(alive_);
    while (!jobs_.empty() && jobs_.begin()->second.deadline_ms <= monotonic_ms()) {
      const auto number = jobs_.begin()->first;
      threads_.give_up(number);
      finish(number, Error{ErrorKind::kUnavailable, "the database did not answer in time"});
      if (alive.expired()) {
        return;
      }
    }
    if (!jobs_.empty()) {
      timer_->arm(kTick);
    }
  }

  // What was given up has been answered.
  void finish(std::uint64_t number, Result<void> result) {
    auto job = jobs_.extract(number);
    if (!job.empty()) {
      observe(result);
      job.mapped().done(std::move(result));
    }
  }

  void observe(const Result<void>& result) {
    const bool away = !result && result.error().kind == ErrorKind::kUnavailable;
    if (away && (reachable_ || since_ms_ == 0)) {
      log_.write(LogLevel::kError, "the database is away",
                 {{"database", options_.url.place}, {"error", result.error().message}});
    } else if (!away && !reachable_) {
      log_.write(LogLevel::kNotice, "connected to the database",
                 {{"database", options_.url.place}});
    }
    if (away == reachable_ || since_ms_ == 0) {
      reachable_ = !away;
      since_ms_ = host_.now_ms();
    }
    if (!result && result.error().kind == ErrorKind::kInternal) {
      log_.write(LogLevel::kError, "the database refused", {{"error", result.error().message}});
    }
  }

  redis::Host& host_;
  Log& log_;
  const SqlOptions options_;
  SqlThreads threads_;
  std::unique_ptr<redis::Watch> watch_;
  std::unique_ptr<redis::Timer> timer_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Waiting> jobs_;
  bool reachable_ = false;
  std::uint64_t since_ms_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

SqlPool::SqlPool(redis::Host& host, Log& log, SqlOptions options)
    : impl_(std::make_unique<Impl>(host, log, std::move(options))) {}
SqlPool::~SqlPool() = default;

void SqlPool::submit_job(Job job, JobDone done) { impl_->submit(std::move(job), std::move(done)); }

bool SqlPool::reachable() const { return impl_->reachable(); }
std::uint64_t SqlPool::reachable_since_ms() const { return impl_->reachable_since_ms(); }
std::size_t SqlPool::outstanding() const { return impl_->outstanding(); }

}  // namespace notify::worker
