#pragma once

// Everything that lives as long as an nginx worker: built in init_process, destroyed in
// exit_process, in a visible order. The only mutable global of the module points at it.

#include <cstdint>
#include <memory>
#include <string>

#include "ngx_notify_module/conf/main_conf.hpp"
#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/redis/client.hpp"

namespace notify {

namespace websocket {
class Unfinished;
}
class BodyTurns;
class FinishedIds;
class KeyService;
class Sessions;

class Runtime {
 public:
  explicit Runtime(const MainConf& conf);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  [[nodiscard]] const MainConf& conf() const { return conf_; }
  redis::Host& host();
  // The command link: publishing and everything else that is one command and one answer.
  redis::Client& commands();
  FinishedIds& finished_ids();
  // Who verifies API keys; null where nobody asks for one.
  KeyService* keys() { return keys_.get(); }
  // Of large bodies of requests.
  BodyTurns& body_turns();
  // Of all WebSockets' messages.
  websocket::Unfinished& unfinished();
  // The clients that stay.
  Sessions& sessions();

  // Queues' figures, for notify_metrics: of whose location, and until when they are good.
  struct QueueFigures {
    const void* location = nullptr;
    std::uint64_t until_ms = 0;
    std::string text;
  };
  QueueFigures& queue_figures() { return queue_figures_; }

  // Whether this worker can do its work, as far as it knows without asking. kUnavailable says what
  // is missing, without where it would be.
  [[nodiscard]] Result<void> readiness() const;

 private:
  struct Parts;  // in order of construction

  const MainConf conf_;  // a copy: a reload without worker processes replaces the configuration
  std::unique_ptr<KeyService> keys_;
  QueueFigures queue_figures_;
  std::unique_ptr<Parts> parts_;  // null where there is nothing but notify_auth
};

// Null in processes and configurations that have nothing to do.
extern constinit Runtime* runtime;

}  // namespace notify
