#pragma once

// A Host on poll(), and a server that answers RESP as a test tells it, on the same thread.
//
// The clock is made up: it stands while sockets are busy, and jumps to the next timer when all are
// quiet. So a test of seconds of back-off takes milliseconds, and no deadline passes by accident.
// With Clock::kReal it is the real one, for a real server.

#include <hiredis/hiredis.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/url.hpp"
#include "shared/redis/host.hpp"
#include "shared/redis/reply.hpp"

namespace notify::test {

using redis::Milliseconds;

enum class Clock { kMadeUp, kReal };

class PollHost final : public redis::Host {
 public:
  explicit PollHost(Clock clock = Clock::kMadeUp) : clock_(clock) {}
  ~PollHost() override {
    while (!tasks_.empty()) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
    }
  }

  std::unique_ptr<redis::Watch> watch(int fd, redis::WatchHandler& handler) override {
    return no_room ? nullptr : watch_anyway(fd, handler);
  }
  std::unique_ptr<redis::Watch> watch_anyway(int fd, redis::WatchHandler& handler) {
    return std::make_unique<PollWatch>(*this, fd, handler);
  }
  std::unique_ptr<redis::Timer> timer(redis::TimerKind kind, std::function<void()> fire) override {
    return std::make_unique<PollTimer>(*this, kind, std::move(fire));
  }
  void post(std::function<void()> task) override { tasks_.push_back(std::move(task)); }
  std::uint64_t now_ms() const override {
    return clock_ == Clock::kMadeUp
               ? now_
               : static_cast<std::uint64_t>(std::chrono::duration_cast<Milliseconds>(
                                                std::chrono::steady_clock::now().time_since_epoch())
                                                .count());
  }
  double random() override { return random_value; }
  void log(redis::LogLevel level, std::string_view text) override {
    lines.emplace_back(text);
    if (std::getenv("TEST_LOG") != nullptr) {
      std::fprintf(stderr, "%llu [%d] %s\n", static_cast<unsigned long long>(now_ms()),
                   static_cast<int>(level), lines.back().c_str());
    }
  }

  // Turns until `done`; false when more than `limit` passes, or when nothing can happen any more.
  bool run_until(const std::function<bool()>& done, Milliseconds limit = Milliseconds{10'000}) {
    const std::uint64_t end = now_ms() + static_cast<std::uint64_t>(limit.count());
    while (!done()) {
      if (now_ms() > end || !turn(end)) {
        return done();
      }
    }
    return true;
  }
  // Turns until nothing happens before `span` has passed.
  void run_for(Milliseconds span) {
    const std::uint64_t end = now_ms() + static_cast<std::uint64_t>(span.count());
    const auto stop = timer(redis::TimerKind::kBackground, [] {});
    stop->arm(span);
    while (now_ms() < end && turn(end)) {
    }
  }
  // As long as sockets have something to say; the clock stands.
  void settle() {
    for (int quiet = 0; quiet < 3;) {
      quiet = poll_once(0) || run_tasks() ? 0 : quiet + 1;
    }
  }

  [[nodiscard]] bool holding() const {
    for (const auto& [at, timer] : timers_) {
      if (timer->kind == redis::TimerKind::kHolding) {
        return true;
      }
    }
    return false;
  }
  [[nodiscard]] std::size_t watches() const { return watches_.size(); }

  double random_value = 0.999;
  bool no_room = false;
  std::vector<std::string> lines;

 private:
  struct PollWatch final : redis::Watch {
    PollWatch(PollHost& its_host, int its_fd, redis::WatchHandler& its_handler)
        : host(its_host), fd(its_fd), handler(its_handler) {
      host.watches_.insert(this);
    }
    ~PollWatch() override { host.watches_.erase(this); }
    PollWatch(const PollWatch&) = delete;
    PollWatch& operator=(const PollWatch&) = delete;
    void want(bool readable, bool writable) override {
      events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
    }
    PollHost& host;
    int fd;
    short events = 0;
    redis::WatchHandler& handler;
  };

  struct PollTimer final : redis::Timer {
    PollTimer(PollHost& its_host, redis::TimerKind its_kind, std::function<void()> its_fire)
        : host(its_host), kind(its_kind), fire(std::move(its_fire)) {}
    ~PollTimer() override { disarm(); }
    PollTimer(const PollTimer&) = delete;
    PollTimer& operator=(const PollTimer&) = delete;
    void arm(Milliseconds after) override {
      disarm();
      host.timers_.emplace(host.now_ms() + static_cast<std::uint64_t>(after.count()), this);
    }
    void disarm() override {
      std::erase_if(host.timers_, [this](const auto& item) { return item.second == this; });
    }
    PollHost& host;
    redis::TimerKind kind;
    std::function<void()> fire;
  };

  bool run_tasks() {
    const std::size_t count = tasks_.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
    return count > 0;
  }

  bool poll_once(int timeout) {
    std::vector<pollfd> fds;
    std::vector<PollWatch*> order(watches_.begin(), watches_.end());
    std::vector<PollWatch*> asked;
    for (PollWatch* watch : order) {
      if (watch->events != 0) {
        fds.push_back({watch->fd, watch->events, 0});
        asked.push_back(watch);
      }
    }
    if (fds.empty() && timeout <= 0) {
      return false;
    }
    if (poll(fds.data(), fds.size(), timeout) <= 0) {
      return false;
    }
    for (std::size_t i = 0; i < fds.size(); ++i) {
      PollWatch* watch = asked[i];
      const bool broken = (fds[i].revents & (POLLERR | POLLHUP)) != 0;
      if (watches_.contains(watch) && (watch->events & POLLIN) != 0 &&
          ((fds[i].revents & POLLIN) != 0 || broken)) {
        watch->handler.on_readable();
      }
      if (watches_.contains(watch) && (watch->events & POLLOUT) != 0 &&
          ((fds[i].revents & POLLOUT) != 0 || broken)) {
        watch->handler.on_writable();
      }
    }
    return true;
  }

  bool fire_due() {
    bool any = false;
    while (!timers_.empty() && timers_.begin()->first <= now_ms()) {
      PollTimer* timer = timers_.begin()->second;
      timers_.erase(timers_.begin());
      timer->fire();
      any = true;
    }
    return any;
  }

  // False when nothing is left that could happen.
  bool turn(std::uint64_t end) {
    if (clock_ == Clock::kReal) {
      const std::uint64_t next = timers_.empty() ? end : std::min(end, timers_.begin()->first);
      const std::uint64_t now = now_ms();
      poll_once(tasks_.empty() && next > now
                    ? static_cast<int>(std::min<std::uint64_t>(next - now, 50))
                    : 0);
      fire_due();
      run_tasks();
      return true;
    }
    if (poll_once(0) || run_tasks() || fire_due()) {
      return true;
    }
    if (poll_once(2)) {  // what the kernel still carries
      return true;
    }
    if (timers_.empty()) {
      return false;
    }
    now_ = std::max(now_, timers_.begin()->first);
    fire_due();
    return true;
  }

  Clock clock_;
  std::uint64_t now_ = 1'000'000;
  std::set<PollWatch*> watches_;
  std::multimap<std::uint64_t, PollTimer*> timers_;
  std::deque<std::function<void()>> tasks_;
};

// A Redis that is made up: listens on a Unix socket below $TMPDIR, answers what `answer` returns.
class FakeServer final : private redis::WatchHandler {
 public:
  using Arguments = std::vector<std::string>;

  explicit FakeServer(PollHost& host) : host_(host) {
    static int number = 0;
    path_ = "/tmp/notify-fake-" + std::to_string(getpid()) + "-" + std::to_string(number++);
    answer = [](const Arguments& command) { return greeting(command).value_or("+OK\r\n"); };
    listen_on();
  }
  ~FakeServer() { close_all(); }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  // What a healthy server says to a link that greets.
  static std::optional<std::string> greeting(const Arguments& command) {
    if (command[0] == "PING") {
      return "+PONG\r\n";
    }
    if (command[0] == "AUTH" || command[0] == "SELECT" || command[0] == "CLIENT") {
      return "+OK\r\n";
    }
    if (command[0] == "SCRIPT") {
      return "$40\r\n" + std::string(40, 'a') + "\r\n";
    }
    return std::nullopt;
  }

  [[nodiscard]] RedisUrl url() const {
    RedisUrl url;
    url.unix_path = path_;
    return url;
  }

  void close_all() {
    clients_.clear();
    listener_watch_.reset();
    if (listener_ >= 0) {
      close(std::exchange(listener_, -1));
      unlink(path_.c_str());
    }
  }
  void drop_clients() { clients_.clear(); }
  void listen_on() {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    if (bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0 ||
        listen(listener_, 16) != 0) {
      std::perror("fake server");
      std::abort();
    }
    listener_watch_ = host_.watch_anyway(listener_, *this);
    listener_watch_->want(true, false);
  }
  void say(std::string_view bytes) {  // to the youngest client, unasked
    if (!clients_.empty()) {
      clients_.back()->out += bytes;
      clients_.back()->flush();
    }
  }
  [[nodiscard]] std::size_t clients() const { return clients_.size(); }

  std::function<std::string(const Arguments&)> answer;
  std::vector<Arguments> commands;            // of all clients
  std::size_t piece = 0;                      // bytes per write; 0: all
  std::size_t cut_after = std::string::npos;  // bytes that a client gets before it is cut off
  bool deaf = false;                          // reads nothing
  int accepted = 0;

 private:
  struct FreeReader {
    void operator()(redisReader* reader) const { redisReaderFree(reader); }
  };

  struct Client final : redis::WatchHandler {
    Client(FakeServer& its_server, int its_fd)
        : server(its_server), fd(its_fd), reader(redisReaderCreate()) {
      watch = server.host_.watch_anyway(fd, *this);
      watch->want(!server.deaf, false);
    }
    ~Client() {
      watch.reset();
      close(fd);
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void on_readable() override {
      char buffer[65536];
      const ssize_t count = read(fd, buffer, sizeof(buffer));
      if (count <= 0) {
        server.forget(this);
        return;
      }
      redisReaderFeed(reader.get(), buffer, static_cast<std::size_t>(count));
      void* raw = nullptr;
      while (redisReaderGetReply(reader.get(), &raw) == REDIS_OK && raw != nullptr) {
        auto* reply = static_cast<redisReply*>(raw);
        Arguments command;
        for (std::size_t i = 0; i < reply->elements; ++i) {
          command.emplace_back(reply->element[i]->str, reply->element[i]->len);
        }
        freeReplyObject(raw);
        server.commands.push_back(command);
        out += server.answer(command);
      }
      flush();
    }
    void on_writable() override { flush(); }
    void flush() {
      std::size_t size = server.piece == 0 ? out.size() : std::min(server.piece, out.size());
      size = std::min(size, server.cut_after - sent);
      if (size > 0) {
        const ssize_t count = send(fd, out.data(), size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
          sent += static_cast<std::size_t>(count);
          out.erase(0, static_cast<std::size_t>(count));
        }
      }
      if (sent >= server.cut_after) {
        server.forget(this);
        return;
      }
      watch->want(!server.deaf, !out.empty());
    }

    FakeServer& server;
    int fd;
    std::unique_ptr<redisReader, FreeReader> reader;
    std::unique_ptr<redis::Watch> watch;
    std::string out;
    std::size_t sent = 0;
  };

  void on_readable() override {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      ++accepted;
      clients_.push_back(std::make_shared<Client>(*this, fd));
    }
  }
  void on_writable() override {}
  void forget(Client* client) {
    for (auto it = clients_.begin(); it != clients_.end(); ++it) {
      if (it->get() == client) {
        host_.post([keep = *it] {});  // it is on the stack
        (*it)->watch->want(false, false);
        shutdown((*it)->fd, SHUT_RDWR);
        clients_.erase(it);
        return;
      }
    }
  }

  PollHost& host_;
  std::string path_;
  int listener_ = -1;
  std::unique_ptr<redis::Watch> listener_watch_;
  std::vector<std::shared_ptr<Client>> clients_;
};

// Bytes of a reply: "(" and ")" for arrays, "~" for nil, "#n" for an integer, anything else for a
// bulk string.
inline std::string resp(std::string_view text) {
  std::vector<std::string> levels(1);
  std::vector<std::size_t> counts(1, 0);
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string word(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (word == "(") {
      levels.emplace_back();
      counts.push_back(0);
      continue;
    }
    if (word == ")") {
      const std::string inner = "*" + std::to_string(counts.back()) + "\r\n" + levels.back();
      levels.pop_back();
      counts.pop_back();
      levels.back() += inner;
    } else if (word == "~") {
      levels.back() += "$-1\r\n";
    } else if (word[0] == '#') {
      levels.back() += ":" + word.substr(1) + "\r\n";
    } else {
      levels.back() += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
    }
    ++counts.back();
  }
  return levels.back();
}

// A reply from its bytes.
class Parsed {
 public:
  explicit Parsed(std::string_view bytes) : reader_(redisReaderCreate()) {
    redisReaderFeed(reader_, bytes.data(), bytes.size());
    redisReaderGetReply(reader_, &raw_);
  }
  ~Parsed() {
    if (raw_ != nullptr) {
      freeReplyObject(raw_);
    }
    redisReaderFree(reader_);
  }
  Parsed(const Parsed&) = delete;
  Parsed& operator=(const Parsed&) = delete;
  [[nodiscard]] redis::Reply reply() const {
    return redis::Reply{static_cast<const redisReply*>(raw_)};
  }

 private:
  redisReader* reader_;
  void* raw_ = nullptr;
};

}  // namespace notify::test
