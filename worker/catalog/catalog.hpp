#pragma once

// The catalogue, put together: database, Redis, API and its server. Owns them; their loop and the
// command link are the process's.

#include <functional>
#include <memory>
#include <string>

#include "shared/process/loop.hpp"
#include "shared/redis/client.hpp"
#include "worker/catalog/api/api.hpp"
#include "worker/catalog/api/http_server.hpp"
#include "worker/catalog/nouns/client_mirror.hpp"
#include "worker/catalog/send/acknowledger.hpp"
#include "worker/catalog/send/outbox.hpp"
#include "worker/catalog/send/outgoing.hpp"
#include "worker/catalog/send/pending_sweep.hpp"
#include "worker/catalog/send/sender.hpp"
#include "worker/catalog/sql/sql_pool.hpp"
#include "worker/process/log.hpp"
#include "worker/settings/config.hpp"

namespace notify::worker {

class Catalog {
 public:
  // `token`: this worker's, the same after it was killed.
  // What goes out is the engine's, on links as `link` says.
  Catalog(process::Loop& loop, Log& log, redis::Client& commands, Engine& engine, Janitor& janitor,
          Metrics& metrics, const Config& config, const redis::LinkOptions& link,
          const std::string& token);
  ~Catalog();
  Catalog(const Catalog&) = delete;
  Catalog& operator=(const Catalog&) = delete;

  void start();
  void on_link(bool ready);
  // Takes no more; `drained` is called, once, when all is answered.
  void drain(std::function<void()> drained);

 private:
  void check_drained();

  redis::Host& host_;
  std::unique_ptr<SqlPool> pool_;
  ClientMirror clients_;
  Outbox outbox_;
  Sender sender_;
  Acknowledger acknowledger_;
  Outgoing outgoing_;
  PendingSweep sweep_;
  Api api_;
  HttpServer server_;
  std::unique_ptr<redis::Timer> drain_timer_;
  std::function<void()> drained_;
};

}  // namespace notify::worker
