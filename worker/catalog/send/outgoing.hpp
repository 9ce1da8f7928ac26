#pragma once

// The providers through which something goes out: each has a stream of its own, a group on it, and
// a destination with its budget, all of the worker's machinery for deliveries.
//
//   database ──every 5 s, and after a change here──► providers ──new──► queue and destination
//                                                              ──left, nothing pending──► removed
//   each ──every second──► what waits beyond its backlog becomes dead letters, the oldest first
//   dead letters of each ──every second──► requests REJECTED with the reason
//
// Which dead letters were seen stands in the database, in the transaction of the rejections. A
// provider that is deactivated refuses what is on its way; so does one without a URL.
//
// Bounds: `most` providers (provider_places.hpp), and who has no place is told of once a change and
// by the metrics; kPage dead letters of one provider at a time, the next at once.

#include <memory>
#include <string>
#include <vector>

#include "worker/catalog/providers/provider_places.hpp"
#include "worker/catalog/providers/provider_target.hpp"
#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/delivery/engine.hpp"
#include "worker/delivery/janitor.hpp"
#include "worker/process/log.hpp"
#include "worker/process/metrics.hpp"
#include "worker/process/redis_calls.hpp"

namespace notify::worker {

class Outgoing {
 public:
  static constexpr std::size_t kPage = 100;

  struct Options {
    redis::LinkOptions link;  // of readers
    std::string token;
    unsigned budget_burst = 30;
    double budget_rate = 1.0;
    unsigned backlog = 100'000;
    unsigned most = 256;
    Metrics* metrics = nullptr;
  };

  Outgoing(redis::Host& host, Log& log, redis::Client& client, Engine& engine, Janitor& janitor,
           SqlPool& pool, Options options);

  void on_link(bool ready);
  void refresh();  // the providers have changed
  void stop();

 private:
  struct Provider {
    std::string id;
    std::string stream;
    ProviderTarget* target = nullptr;  // the engine's
    Queue* queue = nullptr;            // likewise
    std::string dead_mark;
    bool looking = false;  // at its dead letters, or whether it may be removed
    bool wanted = true;    // it has a place
  };
  struct Letter {
    std::string request_id;
    std::string reason;
  };

  void take(const ProviderRows& providers);
  void tell(std::size_t without_place);
  void add(const ProviderRow& row, ProviderConfig config);
  void retire(Provider& provider);
  void remove(const Provider& provider);
  void tick();
  void limit(Provider& provider);
  void look(Provider& provider);
  void reject(Provider& provider, const std::vector<Letter>& letters, const std::string& mark,
              bool more);

  redis::Host& host_;
  Log& log_;
  redis::Client& client_;
  Engine& engine_;
  Janitor& janitor_;
  SqlPool& pool_;
  Calls calls_;
  Options options_;
  std::unique_ptr<redis::Timer> timer_;
  std::vector<std::unique_ptr<Provider>> providers_;
  std::size_t without_place_ = 0;
  unsigned ticks_ = 0;
  bool reading_ = false;
  bool read_again_ = false;
  bool ready_ = false;
  bool stopped_ = false;
};

}  // namespace notify::worker
