// The loop of a work queue by native clients of Redis, pipelined: what nginx is measured against.
//
//   queue_native --port P [--total 100000] [--consumers 8] [--limit 100] [--bytes 0]
//
// One thread adds entries, 100 commands on the wire; each consumer is a thread with a connection:
// XREADGROUP of up to `limit` entries, then XACK of each, pipelined. Prints one JSON object.

#include <hiredis/hiredis.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "bench/program.hpp"

namespace {

using namespace notify::bench;

struct Options {
  int port = 6379;
  std::size_t total = 100'000;
  std::size_t consumers = 8;
  std::size_t limit = 100;
  std::size_t bytes = 0;
};

redisContext* connect(int port) {
  redisContext* context = redisConnect("127.0.0.1", port);
  if (context == nullptr || context->err != 0) {
    give_up("no Redis on port " + std::to_string(port));
  }
  return context;
}

redisReply* answer(redisContext* context) {
  void* reply = nullptr;
  if (redisGetReply(context, &reply) != REDIS_OK) {
    give_up(context->errstr);
  }
  return static_cast<redisReply*>(reply);
}

void add(const Options& options) {
  redisContext* context = connect(options.port);
  const std::string pad(options.bytes, 'x');
  constexpr std::size_t kDepth = 100;
  for (std::size_t n = 0; n < options.total; n += kDepth) {
    const std::size_t end = std::min(n + kDepth, options.total);
    for (std::size_t i = n; i < end; ++i) {
      const std::string value = "{\"n\":" + std::to_string(i) + ",\"pad\":\"" + pad + "\"}";
      redisAppendCommand(context, "XADD native * data %s", value.c_str());
    }
    for (std::size_t i = n; i < end; ++i) {
      freeReplyObject(answer(context));
    }
  }
  redisFree(context);
}

void consume(const Options& options, std::size_t number, std::atomic<std::size_t>& finished) {
  redisContext* context = connect(options.port);
  const std::string name = "c" + std::to_string(number);
  const std::string limit = std::to_string(options.limit);
  while (finished < options.total) {
    redisAppendCommand(context, "XREADGROUP GROUP g %s COUNT %s BLOCK 100 STREAMS native >",
                       name.c_str(), limit.c_str());
    redisReply* reply = answer(context);
    std::size_t count = 0;
    if (reply->type == REDIS_REPLY_ARRAY) {
      const redisReply* entries = reply->element[0]->element[1];
      count = entries->elements;
      for (std::size_t i = 0; i < count; ++i) {
        redisAppendCommand(context, "XACK native g %s", entries->element[i]->element[0]->str);
      }
    }
    freeReplyObject(reply);
    for (std::size_t i = 0; i < count; ++i) {
      freeReplyObject(answer(context));
    }
    finished += count;
  }
  redisFree(context);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  read_options(argc, argv, 1,
               {{"--port", &options.port},
                {"--total", &options.total},
                {"--consumers", &options.consumers},
                {"--limit", &options.limit},
                {"--bytes", &options.bytes}});
  redisContext* context = connect(options.port);
  freeReplyObject(redisCommand(context, "DEL native"));
  freeReplyObject(redisCommand(context, "XGROUP CREATE native g 0 MKSTREAM"));
  const double began_ms = now_ms();
  std::atomic<std::size_t> finished = 0;
  std::vector<std::thread> threads;
  threads.emplace_back([&] { add(options); });
  for (std::size_t i = 0; i < options.consumers; ++i) {
    threads.emplace_back([&, i] { consume(options, i, finished); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  const double seconds = (now_ms() - began_ms) / 1000;
  std::printf("{\"finished\":%zu,\"seconds\":%.3f,\"rate\":%.0f}\n", finished.load(), seconds,
              static_cast<double>(finished.load()) / seconds);
  redisFree(context);
}
