#pragma once

// Looks after the work queues that nginx serves (docs/queues.md), all that stand in
// notify:{queues}:
//
//   each look    rings for entries that were not finished in time (overdue.lua); with many pending
//                entries less often, since a look walks over them
//   each sweep   removes consumers that nobody needs, and lapsed leases (sweep.lua); a queue whose
//                group is gone and that nobody is connected to is taken from the list
//
// One worker process does it at a time: it holds a lease, which another one takes when it lapses.
// A look goes over the list in pages; the next page waits for the answers of the one before, so
// that Redis is asked for one page at a time, however many queues there are.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "shared/redis/schema_queues.hpp"
#include "worker/process/log.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class QueueKeeper {
 public:
  struct Options {
    std::chrono::milliseconds look;    // between two looks
    std::chrono::milliseconds sweep;   // between two sweeps of one queue
    std::chrono::milliseconds forget;  // how long an unused consumer is kept
    int database = 0;
  };

  // `token` is this process' own.
  QueueKeeper(redis::Host& host, Log& log, redis::Client& client, std::string token,
              const Options& options);

  void on_link(bool ready);
  void stop();

 private:
  struct Care {  // of one queue
    std::uint64_t look_at_ms = 0;
    std::uint64_t sweep_at_ms = 0;
    std::uint64_t round = 0;  // in which it was last on the list
  };
  struct Queue {
    std::string pair;  // as it stands in the list
    std::string stream;
    std::string group;
    redis::QueueSettings settings;
  };

  void begin();
  void next_page();
  void on_page(const redis::Reply& page);
  void look_after(const std::string& pair, std::string_view settings);
  void look(const Queue& queue);
  void sweep(const Queue& queue);
  void drop(const std::string& pair);
  void answered();  // one of those that the page waits for
  void end();
  // What goes wrong is told once, until it goes well again.
  void failed(const char* what, const Error& error);

  // Completions of the page: each is counted, and the last one goes on.
  redis::Completion expect(std::function<void(const Result<redis::Reply>&)> done);

  redis::Host& host_;
  Log& log_;
  Calls calls_;
  const std::string token_;
  const Options options_;
  std::unique_ptr<redis::Timer> timer_;
  std::unordered_map<std::string, Care> cares_;
  std::string cursor_;
  std::uint64_t round_ = 0;
  std::size_t awaited_ = 0;
  bool busy_ = false;
  bool ready_ = false;
  bool failing_ = false;
  bool stopped_ = false;
};

}  // namespace notify::worker
