#pragma once

// A blocking connection to Redis: for a command line, where there is nothing else to do meanwhile.
// Each step has a time limit. Errors are sentences for people, and name the server without its
// password. Nothing reconnects by itself.

#include <chrono>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "shared/base/result.hpp"
#include "shared/base/url.hpp"
#include "shared/redis/reply.hpp"
#include "shared/redis/reply_limits.hpp"
#include "shared/redis/schema.hpp"

struct redisContext;

namespace notify::ctl {

// A reply that lives as long as this does.
class OwnedReply {
 public:
  explicit OwnedReply(redisReply* raw) : raw_(raw) {}

  [[nodiscard]] redis::Reply view() const { return redis::Reply(raw_.get()); }

 private:
  struct Free {
    void operator()(redisReply* raw) const;
  };
  std::unique_ptr<redisReply, Free> raw_;
};

class RedisClient {
 public:
  using Arguments = std::span<const std::string_view>;

  ~RedisClient();
  RedisClient(RedisClient&& other) noexcept;
  RedisClient& operator=(RedisClient&& other) noexcept;

  // Connected, authenticated, database chosen, and answering. kNotFound: nothing listens there.
  static Result<RedisClient> connect(const RedisUrl& url,
                                     std::chrono::milliseconds connect_timeout = kConnectTimeout,
                                     std::chrono::milliseconds command_timeout = kCommandTimeout);

  // What Redis answered, an error of its own included; or kUnavailable, kUnknownOutcome.
  Result<OwnedReply> ask(Arguments arguments);
  Result<OwnedReply> ask(std::initializer_list<std::string_view> arguments) {
    return ask(Arguments(arguments.begin(), arguments.size()));
  }
  // The same, where an error of Redis' is a failure like any other.
  Result<OwnedReply> call(Arguments arguments);
  Result<OwnedReply> call(std::initializer_list<std::string_view> arguments) {
    return call(Arguments(arguments.begin(), arguments.size()));
  }
  // EVALSHA, then EVAL where Redis does not have it. An error of Redis' is a failure.
  Result<OwnedReply> run(const redis::Script& script, Arguments keys, Arguments arguments);

  // In two steps, for a command that blocks in Redis: wait for descriptor() in between.
  Result<void> send(Arguments arguments);
  Result<OwnedReply> receive();
  [[nodiscard]] int descriptor() const;

  [[nodiscard]] unsigned database() const { return database_; }
  [[nodiscard]] const std::string& server() const { return server_; }

  static constexpr std::chrono::milliseconds kConnectTimeout{2000};
  static constexpr std::chrono::milliseconds kCommandTimeout{5000};

 private:
  struct Free {
    void operator()(redisContext* context) const;
  };
  RedisClient(redisContext* context, const RedisUrl& url);

  Result<void> set_up(const RedisUrl& url);
  [[nodiscard]] std::string reason() const;

  std::unique_ptr<redis::ReplyLimits> limits_;  // of the context's reader; null: there is none
  std::unique_ptr<redisContext, Free> context_;
  std::string server_;  // for messages
  unsigned database_;
};

// Redis' own error as a sentence: what it means where the code is a common one.
Error redis_error(const std::string& server, std::string_view text);

}  // namespace notify::ctl
