#include "worker/catalog/sql/sql_threads.hpp"

#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "shared/base/clock.hpp"
#include "shared/sql/migrations.hpp"
#include "worker/catalog/sql/sql_pool.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetryPause{100};

// A session of a database that is not as this program knows it is none.
Result<std::unique_ptr<sql::Session>> open_session(const sql::DatabaseUrl& url,
                                                   std::shared_ptr<sql::Breaker> breaker) {
  auto session = sql::Session::open(url, std::move(breaker));
  if (!session) {
    return session;
  }
  const auto current = sql::current_migration(**session);
  if (!current) {
    return current.error();
  }
  if (*current != sql::latest_migration()) {
    return Error{ErrorKind::kUnavailable, "the tables are at migration " +
                                              std::to_string(*current) + ", not " +
                                              std::to_string(sql::latest_migration()) +
                                              ": `notifyctl migrate` updates them"};
  }
  return session;
}

}  // namespace

// Lives as long as one of the threads, or their owner.
struct SqlThreads::Shared {
  explicit Shared(sql::DatabaseUrl where)
      : url(std::move(where)), wake(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (wake < 0) {
      std::abort();  // no descriptor left at start
    }
  }
  ~Shared() { ::close(wake); }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;

  struct Thread {
    std::shared_ptr<sql::Breaker> breaker = std::make_shared<sql::Breaker>();
    std::uint64_t number = 0;  // of the order that it is at; 0: none
    bool given_up = false;     // that order
    bool ended = false;
    std::thread handle;
  };

  void work(Thread& me);
  Result<void> run(const Order& order, Thread& me, std::unique_ptr<sql::Session>& session);
  Result<void> once(const Order& order, Thread& me, std::unique_ptr<sql::Session>& session) const;

  const sql::DatabaseUrl url;
  const int wake;
  std::mutex mutex;  // guards all that follows
  std::condition_variable changed;
  bool stopping = false;
  std::deque<Order> waiting;
  std::vector<Finished> finished;
  std::vector<std::unique_ptr<Thread>> threads;
};

// ---- on a thread --------------------------------------------------------------------------------

void SqlThreads::Shared::work(Thread& me) {
  ::pthread_setname_np(::pthread_self(), "catalog-sql");
  std::unique_ptr<sql::Session> session;
  std::unique_lock lock(mutex);
  while (true) {
    changed.wait(lock, [this] { return stopping || !waiting.empty(); });
    if (stopping) {
      break;
    }
    const auto order = std::move(waiting.front());
    waiting.pop_front();
    me.number = order.number;
    me.given_up = false;
    me.breaker->reset();
    lock.unlock();
    auto result = run(order, me, session);
    lock.lock();
    me.number = 0;
    finished.push_back({order.number, std::move(result)});
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake, &one, sizeof one);
  }
  lock.unlock();
  session.reset();
  lock.lock();
  me.ended = true;
  changed.notify_all();
}

Result<void> SqlThreads::Shared::run(const Order& order, Thread& me,
                                     std::unique_ptr<sql::Session>& session) {
  while (true) {
    auto result = once(order, me, session);
    if (session && session->broken()) {
      session.reset();
    }
    if (result || result.error().kind != ErrorKind::kUnavailable) {
      return result;
    }
    std::unique_lock lock(mutex);
    const auto enough = [this, &me] { return stopping || me.given_up; };
    if (enough() || monotonic_ms() + kRetryPause.count() >= order.deadline_ms ||
        changed.wait_for(lock, kRetryPause, enough)) {
      return result;
    }
  }
}

Result<void> SqlThreads::Shared::once(const Order& order, Thread& me,
                                      std::unique_ptr<sql::Session>& session) const {
  if (!session) {
    auto opened = open_session(url, me.breaker);
    if (!opened) {
      return opened.error();
    }
    session = std::move(*opened);
    if (monotonic_ms() >= order.deadline_ms) {
      return Error{ErrorKind::kUnavailable, "connecting took too long"};
    }
  }
  return order.job(*session);
}

// ---- on the loop --------------------------------------------------------------------------------

SqlThreads::SqlThreads(sql::DatabaseUrl url, unsigned count)
    : shared_(std::make_shared<Shared>(std::move(url))) {
  // Signals are the loop's.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const std::lock_guard lock(shared_->mutex);
  for (unsigned i = 0; i < count; ++i) {
    shared_->threads.push_back(std::make_unique<Shared::Thread>());
    auto& thread = *shared_->threads.back();
    thread.handle = std::thread([shared = shared_, &thread] { shared->work(thread); });
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

SqlThreads::~SqlThreads() { stop(); }

int SqlThreads::wake_fd() const { return shared_->wake; }

bool SqlThreads::add(Order order, std::size_t most) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->waiting.size() >= most) {
    return false;
  }
  shared_->waiting.push_back(std::move(order));
  shared_->changed.notify_one();
  return true;
}

std::vector<SqlThreads::Finished> SqlThreads::take_finished() {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(shared_->wake, &count, sizeof count);
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->finished, {});
}

void SqlThreads::give_up(std::uint64_t number) {
  Order forgotten;  // goes after the lock
  const std::lock_guard lock(shared_->mutex);
  for (auto& thread : shared_->threads) {
    if (thread->number == number) {
      thread->given_up = true;
      thread->breaker->cut();
      shared_->changed.notify_all();
      return;
    }
  }
  const auto found = std::find_if(shared_->waiting.begin(), shared_->waiting.end(),
                                  [number](const Order& one) { return one.number == number; });
  if (found != shared_->waiting.end()) {
    forgotten = std::move(*found);
    shared_->waiting.erase(found);
  }
}

void SqlThreads::stop() {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
  const auto deadline = std::chrono::steady_clock::now() + SqlPool::kEnd;
  const auto all_ended = [this] {
    return std::all_of(shared_->threads.begin(), shared_->threads.end(),
                       [](const auto& thread) { return thread->ended; });
  };
  for (auto& thread : shared_->threads) {
    if (thread->number != 0) {
      thread->breaker->cut();
    }
  }
  shared_->changed.wait_until(lock, deadline, all_ended);
  for (auto& thread : shared_->threads) {
    if (!thread->handle.joinable()) {
      continue;
    }
    if (thread->ended) {
      lock.unlock();
      thread->handle.join();
      lock.lock();
    } else {
      thread->handle.detach();
    }
  }
}

}  // namespace notify::worker
