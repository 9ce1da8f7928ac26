#pragma once

// The scripts of work queues on a real Redis: a stream, its group, and what a test asks of them.

#include <string>
#include <vector>

#include "shared/redis/schema.hpp"
#include "shared/redis/schema_queues.hpp"
#include "tests/live_redis.hpp"

namespace notify::test {

using Strings = std::vector<std::string>;

inline constexpr const char* kTtl = "45000";

// One stream `s`, its group `g`, unless a test says otherwise.
struct QueueScripts {
  std::string ensure() {
    return redis.ask(redis::scripts::group, {"s", mark, redis::group_due_key("s", "g")}, {"g"});
  }
  std::string join(const std::string& name, const std::string& limit = "1",
                   const std::string& token = "", const std::string& ttl = kTtl) {
    return redis.ask(redis::scripts::join, {leases},
                     {name, token.empty() ? "t" + name : token, limit, ttl});
  }
  // The group, and these consumers with that limit.
  void set_up(const Strings& names, const std::string& limit) {
    ensure();
    for (const std::string& name : names) {
      join(name, limit);
    }
  }
  std::string leave(const std::string& name, const std::string& token = "") {
    return redis.ask(redis::scripts::leave, {"s", leases},
                     {"g", name, token.empty() ? "t" + name : token});
  }

  struct Wish {
    std::string name;
    int in_flight = 0;
    int count = 100;
    std::string token;
  };
  static void add(Strings& arguments, const std::vector<Wish>& wishes) {
    for (const Wish& wish : wishes) {
      arguments.insert(arguments.end(),
                       {wish.name, wish.token.empty() ? "t" + wish.name : wish.token,
                        std::to_string(wish.in_flight), std::to_string(wish.count)});
    }
  }
  std::string take(const std::vector<Wish>& wishes, const std::string& bytes = "1000000") {
    Strings arguments = {"g", bytes};
    add(arguments, wishes);
    return redis.ask(redis::scripts::take, {"s", leases}, arguments);
  }
  struct Claim {
    std::string idle = "0";
    std::string most = "16";
    std::string cursor = "0-0";
    std::string bytes = "1000000";
  };
  std::string claim(const std::vector<Wish>& wishes, const Claim& how) {
    Strings arguments = {"g", channel, how.idle, how.most, "100", how.cursor, how.bytes};
    add(arguments, wishes);
    return redis.ask(redis::scripts::claim, {"s", leases, redis::side_key("s", "dead")}, arguments);
  }
  std::string claim(const std::vector<Wish>& wishes) { return claim(wishes, Claim{}); }
  std::string finish(const Strings& ids, const std::string& consumer = "", bool remove = false,
                     const std::string& group = "g") {
    Strings arguments = {group, channel, consumer, remove ? "1" : "0"};
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    return redis.ask(redis::scripts::finish,
                     {"s", leases, redis::group_key("s", redis::kFinishedKind, group),
                      redis::group_key("s", redis::kFinishedBeforeKind, group)},
                     arguments);
  }
  std::string limit(const std::string& n) {
    return redis.ask(redis::scripts::limit, {leases}, {channel, n});
  }
  std::string figures() { return redis.ask(redis::scripts::consumers, {leases}, {}); }

  // As if the time of its lease had passed (the layout: schema.hpp, Work queues).
  void lapse(const std::string& name) {
    const std::string lease = redis.ask({"HGET", leases, name});
    redis.ask({"HSET", leases, name, "1" + lease.substr(lease.find(' '))});
  }
  // As if nothing had been done with it for so long.
  void idle(const std::string& id, const std::string& ms) {
    redis.ask({"XCLAIM", "s", "g", owner(id), "0", id, "IDLE", ms, "JUSTID"});
  }
  // For how many ms others have to wait for that name; 0: it is free.
  long held(const std::string& name) {
    const auto answer = join(name, "1", "other");
    return answer.starts_with("(held ") ? std::stol(answer.substr(6)) : 0;
  }

  void add(int first, int last) {
    for (int i = first; i <= last; ++i) {
      redis.ask({"XADD", "s", std::to_string(i) + "-0", "v", std::to_string(i)});
    }
  }
  std::string owner(const std::string& id) {
    const auto answer = redis.raw({"XPENDING", "s", "g", id, id, "1"});
    return std::string(redis::Reply(answer.get())[0][1].text());
  }
  long deliveries(const std::string& id) {
    const auto answer = redis.raw({"XPENDING", "s", "g", id, id, "1"});
    return redis::Reply(answer.get())[0][3].integer().value_or(-1);
  }
  long pending() {
    const auto answer = redis.raw({"XPENDING", "s", "g"});
    return redis::Reply(answer.get())[0].integer().value_or(-1);
  }
  std::string consumers_of_group() {
    const auto answer = redis.raw({"XINFO", "CONSUMERS", "s", "g"});
    std::string names;
    for (std::size_t i = 0; i < redis::Reply(answer.get()).size(); ++i) {
      names += std::string(redis::Reply(answer.get())[i][1].text()) + " ";
    }
    return names;
  }

  LiveRedis redis;
  const std::string leases = redis::group_key("s", redis::kLeasesKind, "g");
  const std::string mark = redis::group_key("s", redis::kMarkKind, "g");
  const std::string channel = redis::control_channel("s", "g", 0);
};

// Hears a Pub/Sub channel.
class Listener {
 public:
  Listener(const LiveRedis& redis, const std::string& channel)
      : context_(redisConnectUnix(redis.socket_path().c_str())) {
    freeReplyObject(redisCommand(context_, "SUBSCRIBE %s", channel.c_str()));
  }
  ~Listener() { redisFree(context_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  std::string next() {
    void* raw = nullptr;
    redisGetReply(context_, &raw);
    const LiveRedis::Answer reply(static_cast<redisReply*>(raw));
    return std::string(redis::Reply(reply.get())[2].text());
  }

 private:
  redisContext* context_;
};

}  // namespace notify::test
