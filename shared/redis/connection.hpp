#pragma once

// One connection to Redis: bytes out, replies in. hiredis connects and parses (its non-blocking
// context and reader); when to read and write is the Host's.
//
// hiredis' own layer for event loops (async.h) is not used. In 0.14 it asserts, that is aborts the
// process, on a reply that nobody asked for; swallows an error that answers SUBSCRIBE (no
// permission for the channel), which leaves a subscriber deaf; cannot tell what was written from
// what was only queued; and calls back from inside its own free function. Here a strange reply ends
// the connection, and every reply reaches the observer. What a reply may be at most: ReplyLimits.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "shared/base/url.hpp"
#include "shared/redis/host.hpp"
#include "shared/redis/out_queue.hpp"
#include "shared/redis/reply.hpp"

struct redisContext;

namespace notify::redis {

class ReplyLimits;

class ConnectionObserver {
 public:
  virtual void on_open() = 0;
  virtual void on_reply(const Reply& reply) = 0;
  virtual void on_closed(std::string_view why) = 0;  // last call; not after close()

 protected:
  ~ConnectionObserver() = default;
};

class Connection final : public std::enable_shared_from_this<Connection>, private WatchHandler {
  struct Key {};

 public:
  // Null, and `why` set, when it failed at once. Nothing is called from inside.
  static std::shared_ptr<Connection> open(Host& host, const RedisUrl& url,
                                          ConnectionObserver& observer, std::string& why);

  Connection(Key, Host& host, ConnectionObserver& observer);
  ~Connection();

  // Queues a command; what is queued in one turn of the loop leaves in one write. Large arguments
  // are the owner's, and are not copied; null: they are.
  void append(std::span<const std::string_view> arguments, const OutQueue::Owner& owner = nullptr);

  // Bytes since the beginning. A command whose last byte is beyond `written` never reached Redis as
  // a whole, so it was not run.
  [[nodiscard]] std::uint64_t queued() const { return written_ + out_.size(); }
  [[nodiscard]] std::uint64_t written() const { return written_; }

  // At once and for good; may be called from inside of the observer.
  void close();

 private:
  void on_readable() override;
  void on_writable() override;
  void flush();
  bool finish_connect();
  void dispatch();
  void fail(std::string_view why);
  void update_interest();

  struct FreeContext {
    void operator()(redisContext* context) const;
  };

  Host& host_;
  ConnectionObserver& observer_;
  std::unique_ptr<ReplyLimits> limits_;                 // of the context's reader
  std::unique_ptr<redisContext, FreeContext> context_;  // null once closed
  std::unique_ptr<Watch> watch_;
  bool connected_ = false;
  bool flush_posted_ = false;
  bool blocked_ = false;     // the socket took less than it was given
  bool write_over_ = false;  // it takes no more: what is still to be read tells why
  bool want_read_ = false;
  bool want_write_ = false;
  OutQueue out_;
  std::uint64_t written_ = 0;
};

}  // namespace notify::redis
