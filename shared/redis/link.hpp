#pragma once

// One connection to Redis that is always being kept: connect, AUTH, SELECT, CLIENT SETNAME, load
// the scripts, serve, lose, back off with jitter, connect anew. The life cycle is the pure machine
// of link_fsm.hpp, the bytes are connection.hpp's, this file joins them and owns what is in flight.
// A connection is never reused (redis/hiredis#1150): each is an object of its own, and once closed
// it calls nobody.
//
// Commands go out in order, pipelined; each has a deadline. One that passes its deadline ends the
// link: after it nothing on this connection can be trusted. A server that answers READONLY,
// LOADING, MASTERDOWN or UNBLOCKED did not run the command and is not the one to talk to any more:
// its sender gets kUnavailable, and the link ends once what was pipelined behind it is answered,
// too.
//
// All may be called from inside of completions and observers; the link may be destroyed there, too.

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/base/url.hpp"
#include "shared/redis/host.hpp"
#include "shared/redis/reply.hpp"

namespace notify::redis {

struct Script;  // schema.hpp

struct LinkOptions {
  RedisUrl url;  // a socket path, or as host the addresses of a name, separated by blanks
  std::string client_name = "notify";  // for CLIENT LIST and logs: printable, without blanks
  Milliseconds connect_timeout{1000};
  Milliseconds command_timeout{2000};
  Milliseconds backoff_initial{25};
  Milliseconds backoff_max{250};
  std::vector<const Script*> scripts;               // loaded at each connect
  std::function<void(std::uint64_t us)> on_answer;  // told how long each command took
};

class LinkObserver {
 public:
  virtual void on_link_ready() = 0;
  virtual void on_link_lost(std::string_view why) = 0;  // once per loss of a link that was ready
  // A message of a subscribed channel. The views live only during the call.
  virtual void on_link_message(std::string_view channel, std::string_view payload) {
    (void)channel;
    (void)payload;
  }
  virtual void on_link_subscribed(std::string_view channel) { (void)channel; }

 protected:
  ~LinkObserver() = default;
};

// Called exactly once, unless its handle was dropped first: with the reply (also a Redis error
// reply: see Reply::is_error), or with
//   kUnavailable     it was never written: nothing happened
//   kUnknownOutcome  it was written, and the link died or the deadline passed
using Completion = std::function<void(Result<Reply>)>;

// The caller's end of a command in flight. Dropping it detaches: the completion will not be
// called any more, the late reply is ignored. The command itself is not taken back.
class Pending {
 public:
  Pending() = default;
  struct Control;
  explicit Pending(std::shared_ptr<Control> control) : control_(std::move(control)) {}
  ~Pending() { detach(); }
  Pending(Pending&& other) noexcept = default;
  Pending& operator=(Pending&& other) noexcept;
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  void detach();                    // idempotent
  void release();                   // forget the handle, keep the completion
  [[nodiscard]] bool done() const;  // called, or never started

 private:
  std::shared_ptr<Control> control_;
};

using Arguments = std::vector<std::string>;

class Link {
 public:
  Link(Host& host, LinkOptions options, LinkObserver& observer);
  ~Link();  // completions that are still waiting get kUnavailable or kUnknownOutcome first
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void start();
  void stop();  // ends the connection for good; completions as above
  [[nodiscard]] bool ready() const;
  [[nodiscard]] std::size_t in_flight() const;
  // Why the last attempt or connection ended; empty while all is well.
  [[nodiscard]] const std::string& last_error() const;
  // Ends the connection because its user knows better (a probe was lost); reconnects.
  void reset(std::string_view why);

  // Only while ready(); otherwise the completion gets kUnavailable (posted, not inside the call).
  // `timeout` zero: the option's. The arguments are copied at once; with an owner the large ones
  // are not: they stay as they are for as long as it lives.
  Pending send(std::span<const std::string_view> arguments, Completion completion,
               Milliseconds timeout = Milliseconds{0},
               const std::shared_ptr<const void>& owner = nullptr);

  // Subscriber mode: a link that subscribes sends nothing else. What is subscribed is forgotten
  // with the connection: the owner subscribes again in on_link_ready().
  void subscribe(std::span<const std::string_view> channels);
  void unsubscribe(std::span<const std::string_view> channels);

 private:
  class Impl;
  Host& host_;
  std::shared_ptr<Impl> impl_;
};

}  // namespace notify::redis
