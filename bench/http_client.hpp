#pragma once

// HTTP/1.1 for load generators, on libevent: connections that come back when they are lost, and
// many short requests over some of them.

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace notify::bench {

// ---- the loop -----------------------------------------------------------------------------------

inline event_base* base = nullptr;

// By main(), before the first connection. One that is lost is told by its callback alone.
inline void make_loop() {
  std::signal(SIGPIPE, SIG_IGN);
  base = event_base_new();
}

inline void after(double ms, std::function<void()> task) {
  auto* kept = new std::function<void()>(std::move(task));
  const auto us = static_cast<long>(ms * 1000);
  const timeval time{us / 1'000'000, us % 1'000'000};
  event_base_once(
      base, -1, EV_TIMEOUT,
      [](evutil_socket_t, short, void* data) {
        const std::unique_ptr<std::function<void()>> call(
            static_cast<std::function<void()>*>(data));
        (*call)();
      },
      kept, &time);
}

// A connection to this machine that begins; the callbacks tell what becomes of it. Null: it cannot.
inline bufferevent* dial(int port, bufferevent_data_cb on_readable, bufferevent_event_cb on_event,
                         void* self) {
  bufferevent* event = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bufferevent_socket_connect(event, reinterpret_cast<sockaddr*>(&address), sizeof address) !=
      0) {
    bufferevent_free(event);
    return nullptr;
  }
  bufferevent_setcb(event, on_readable, nullptr, on_event, self);
  bufferevent_enable(event, EV_READ | EV_WRITE);
  return event;
}

// ---- one HTTP/1.1 connection --------------------------------------------------------------------

// Reads responses, also chunked ones, as they come. Connects again when it is lost.
class Connection {
 public:
  struct Handler {
    virtual ~Handler() = default;
    virtual void on_connected() = 0;
    virtual void on_head(int status) = 0;
    virtual void on_body(std::string_view bytes) = 0;
    virtual void on_end() = 0;   // of a response
    virtual void on_lost() = 0;  // it is connected anew a little later
  };

  Connection(int port, Handler& handler) : port_(port), handler_(handler) { connect(); }
  ~Connection() { drop(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void write(std::string_view bytes) {
    if (event_ != nullptr) {
      bufferevent_write(event_, bytes.data(), bytes.size());
    }
  }
  [[nodiscard]] bool connected() const { return connected_; }
  // The server said that it takes no more on this connection, which goes after this response.
  [[nodiscard]] bool closing() const { return closing_; }
  void cut() { lose(); }

 private:
  enum class State { kHead, kLength, kChunkSize, kChunk, kChunkEnd, kTrailer };

  void connect() {
    state_ = State::kHead;
    closing_ = false;
    event_ = dial(
        port_, [](bufferevent*, void* self) { static_cast<Connection*>(self)->on_readable(); },
        [](bufferevent*, short what, void* self) {
          static_cast<Connection*>(self)->on_event(what);
        },
        this);
    if (event_ == nullptr) {
      lose();
    }
  }

  void drop() {
    connected_ = false;
    if (event_ != nullptr) {
      bufferevent_free(event_);
      event_ = nullptr;
    }
  }

  void lose() {
    drop();
    handler_.on_lost();
    after(50, [this, alive = std::weak_ptr<char>(alive_)] {
      if (!alive.expired() && event_ == nullptr) {
        connect();
      }
    });
  }

  void on_event(short what) {
    if ((what & BEV_EVENT_CONNECTED) != 0) {
      const int on = 1;
      setsockopt(bufferevent_getfd(event_), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      connected_ = true;
      handler_.on_connected();
    } else {
      lose();
    }
  }

  bool take_line(std::string& line) {
    std::size_t length = 0;
    char* text = evbuffer_readln(bufferevent_get_input(event_), &length, EVBUFFER_EOL_CRLF);
    if (text == nullptr) {
      return false;
    }
    line.assign(text, length);
    std::free(text);
    return true;
  }

  // Calls of the handler may cut the connection.
  void on_readable() {
    const bufferevent* mine = event_;
    while (event_ == mine && step()) {
    }
  }

  bool step() {
    evbuffer* input = bufferevent_get_input(event_);
    std::string line;
    switch (state_) {
      case State::kHead:
        if (!take_line(line)) {
          return false;
        }
        on_head_line(line);
        return true;
      case State::kLength:
      case State::kChunk:
        return take_body(input);
      case State::kChunkSize:
        if (!take_line(line)) {
          return false;
        }
        left_ = std::strtoul(line.c_str(), nullptr, 16);
        state_ = left_ == 0 ? State::kTrailer : State::kChunk;
        return true;
      case State::kChunkEnd:
        state_ = State::kChunkSize;
        return take_line(line) || ((state_ = State::kChunkEnd), false);
      case State::kTrailer:
        if (!take_line(line)) {
          return false;
        }
        return end();
    }
    return false;
  }

  bool end() {
    state_ = State::kHead;
    const bufferevent* mine = event_;
    handler_.on_end();
    if (closing_ && event_ == mine) {
      lose();
    }
    return event_ == mine;
  }

  void on_head_line(const std::string& line) {
    if (line.starts_with("HTTP/")) {
      status_ = std::atoi(line.c_str() + 9);
      left_ = 0;
      chunked_ = false;
    } else if (line.empty()) {
      state_ = chunked_ ? State::kChunkSize : State::kLength;
      handler_.on_head(status_);
    } else if (strncasecmp(line.c_str(), "content-length:", 15) == 0) {
      left_ = std::strtoul(line.c_str() + 15, nullptr, 10);
    } else if (strncasecmp(line.c_str(), "transfer-encoding: chunked", 26) == 0) {
      chunked_ = true;
    } else if (strncasecmp(line.c_str(), "connection: close", 17) == 0) {
      closing_ = true;
    }
  }

  bool take_body(evbuffer* input) {
    const std::size_t count = std::min(left_, evbuffer_get_length(input));
    if (count > 0) {
      std::string bytes(count, '\0');
      evbuffer_remove(input, bytes.data(), count);
      left_ -= count;
      const bufferevent* mine = event_;
      handler_.on_body(bytes);
      if (event_ != mine) {
        return false;
      }
    }
    if (left_ > 0) {
      return false;
    }
    if (state_ == State::kChunk) {
      state_ = State::kChunkEnd;
    } else {
      return end();
    }
    return true;
  }

  const int port_;
  Handler& handler_;
  bufferevent* event_ = nullptr;
  State state_ = State::kHead;
  int status_ = 0;
  std::size_t left_ = 0;
  bool chunked_ = false;
  bool closing_ = false;
  bool connected_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

// ---- many short requests over some connections --------------------------------------------------

// Pipelined; what was not answered when a connection is lost is asked again.
class Pool {
 public:
  // `again`: it had been asked before on a connection that was lost.
  using Answer = std::function<void(int status, bool again)>;

  Pool(const std::vector<int>& ports, std::size_t connections, std::size_t depth) : depth_(depth) {
    for (std::size_t i = 0; i < connections; ++i) {
      lanes_.push_back(std::make_unique<Lane>(*this, ports[i % ports.size()]));
    }
  }

  void ask(std::string request, Answer answer) {
    waiting_.push_back({std::move(request), std::move(answer), false});
    pump();
  }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  struct Job {
    std::string request;
    Answer answer;
    bool again;
  };

  struct Lane final : Connection::Handler {
    Lane(Pool& owner, int port) : pool(owner), connection(port, *this) {}
    void on_connected() override { pool.pump(); }
    void on_head(int code) override { status = code; }
    void on_body(std::string_view) override {}
    void on_end() override {
      const Job job = std::move(asked.front());
      asked.pop_front();
      job.answer(status, job.again);
      pool.pump();
    }
    void on_lost() override {
      while (!asked.empty()) {
        asked.back().again = true;
        pool.waiting_.push_front(std::move(asked.back()));
        asked.pop_back();
      }
    }
    Pool& pool;
    std::deque<Job> asked;
    int status = 0;
    Connection connection;
  };

  void pump() {
    for (bool moved = true; moved && !waiting_.empty();) {
      moved = false;
      for (const auto& lane : lanes_) {
        if (waiting_.empty()) {
          return;
        }
        if (lane->connection.connected() && lane->asked.size() < depth_) {
          lane->asked.push_back(std::move(waiting_.front()));
          waiting_.pop_front();
          lane->connection.write(lane->asked.back().request);
          moved = true;
        }
      }
    }
  }

  const std::size_t depth_;
  std::deque<Job> waiting_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace notify::bench
