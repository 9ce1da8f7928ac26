#pragma once

// WebSocket for load generators, on libevent: a client that listens, answers pings, and comes back
// when it is lost. It takes whole text messages in one frame, which is what the module sends.

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bench/http_client.hpp"

namespace notify::bench {

class WebSocket {
 public:
  struct Handler {
    virtual ~Handler() = default;
    virtual void on_open(bool again) = 0;
    virtual void on_message(std::string_view text) = 0;
    virtual void on_refused(std::string_view status_line) = 0;
    virtual void on_lost(bool was_open) = 0;  // it is connected anew a little later
    virtual void on_closed() = 0;             // what close() asked for was answered
  };

  WebSocket(int port, std::string path, Handler& handler)
      : port_(port), path_(std::move(path)), handler_(handler) {
    connect();
  }
  ~WebSocket() { drop(); }
  WebSocket(const WebSocket&) = delete;
  WebSocket& operator=(const WebSocket&) = delete;

  [[nodiscard]] bool is_open() const { return open_; }

  // The closing handshake: what the server had sent before its answer has been seen by then.
  void close() {
    closing_ = true;
    if (open_) {
      send_control(kClose, std::string_view("\x03\xe8", 2));
    }
  }

 private:
  enum Opcode : unsigned char { kText = 1, kClose = 8, kPing = 9, kPong = 10 };

  void connect() {
    event_ = dial(
        port_, [](bufferevent*, void* self) { static_cast<WebSocket*>(self)->on_readable(); },
        [](bufferevent*, short what, void* self) { static_cast<WebSocket*>(self)->on_event(what); },
        this);
    if (event_ == nullptr) {
      lose();
    }
  }

  void drop() {
    open_ = false;
    if (event_ != nullptr) {
      bufferevent_free(event_);
      event_ = nullptr;
    }
  }

  void lose() {
    const bool was_open = open_;
    drop();
    if (closing_) {
      return handler_.on_closed();
    }
    handler_.on_lost(was_open);
    after(100, [this, alive = std::weak_ptr<char>(alive_)] {
      if (!alive.expired() && event_ == nullptr) {
        connect();
      }
    });
  }

  void on_event(short what) {
    if ((what & BEV_EVENT_CONNECTED) == 0) {
      return lose();
    }
    const auto head =
        "GET " + path_ +
        " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        "\r\n";
    bufferevent_write(event_, head.data(), head.size());
  }

  void on_readable() {
    const bufferevent* mine = event_;
    while (event_ == mine && (open_ ? take_frame() : take_head())) {
    }
  }

  bool take_head() {
    auto* input = bufferevent_get_input(event_);
    const auto end = evbuffer_search(input, "\r\n\r\n", 4, nullptr);
    if (end.pos < 0) {
      return false;
    }
    std::string head(static_cast<std::size_t>(end.pos) + 4, '\0');
    evbuffer_remove(input, head.data(), head.size());
    if (!head.starts_with("HTTP/1.1 101 ")) {
      handler_.on_refused(std::string_view(head).substr(0, head.find('\r')));
      lose();
      return false;
    }
    open_ = true;
    handler_.on_open(std::exchange(opened_, true));
    return true;
  }

  bool take_frame() {
    auto* input = bufferevent_get_input(event_);
    unsigned char head[10];
    const auto got = evbuffer_copyout(input, head, sizeof head);
    if (got < 2) {
      return false;
    }
    std::size_t size = head[1] & 0x7f;
    const std::size_t skip = size < 126 ? 2 : size == 126 ? 4 : 10;
    if (static_cast<std::size_t>(got) < skip) {
      return false;
    }
    if (skip > 2) {
      size = 0;
      for (std::size_t i = 2; i < skip; ++i) {
        size = size << 8 | head[i];
      }
    }
    if (evbuffer_get_length(input) < skip + size) {
      return false;
    }
    evbuffer_drain(input, skip);
    std::string payload(size, '\0');
    evbuffer_remove(input, payload.data(), size);
    take(head[0], payload);
    return true;
  }

  void take(unsigned char first, const std::string& payload) {
    switch (first & 0x0f) {
      case kText:
        return handler_.on_message(payload);
      case kPing:
        return send_control(kPong, payload);
      case kClose:
        return lose();
      default:
        return;
    }
  }

  void send_control(Opcode opcode, std::string_view payload) {
    // Masked with zeros, which leave the payload as it is.
    std::string frame{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
    frame.append(4, '\0');
    frame += payload;
    bufferevent_write(event_, frame.data(), frame.size());
  }

  const int port_;
  const std::string path_;
  Handler& handler_;
  bufferevent* event_ = nullptr;
  bool open_ = false;
  bool opened_ = false;
  bool closing_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace notify::bench
