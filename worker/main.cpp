// notify-worker: delivers the entries of Redis Streams to destinations outside.
//
//   starting ──► running ──SIGTERM, SIGINT──► draining ──nothing in hand, or time is up──► exit 0
//                                                └──────────a second signal──────────────────┘
//
// Exit status: 0 after a drain, 2 for a configuration that cannot be used, 1 for what else prevents
// a start. Losing Redis is no reason to end.

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/redis/client.hpp"
#include "shared/redis/schema.hpp"
#include "worker/config.hpp"
#include "worker/delivery/engine.hpp"
#include "worker/delivery/targets/slack.hpp"
#include "worker/janitor/janitor.hpp"
#include "worker/log.hpp"
#include "worker/loop.hpp"
#include "worker/redis_check.hpp"
#include "worker/resolve.hpp"
#include "worker/run_files.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kReleaseTime{500};
constexpr std::chrono::milliseconds kAwayAtStart{2'000};

// ---- options of the parts
// -------------------------------------------------------------------------

redis::LinkOptions link_options(const Config& config, std::string name) {
  redis::LinkOptions options;
  options.url = config.redis;
  options.client_name = std::move(name);
  return options;
}

redis::Client::Options command_options(const Config& config) {
  namespace s = redis::scripts;
  redis::Client::Options options;
  options.link = link_options(config, "notify-worker");
  options.link.scripts = {&s::attempt,     &s::budget,      &s::due,         &s::forget,
                          &s::group,       &s::lease,       &s::mark,        &s::reclaim,
                          &s::settle_dead, &s::settle_done, &s::settle_later};
  return options;
}

DispatcherOptions dispatcher_options(const Config& config) {
  DispatcherOptions options;
  options.concurrency = config.concurrency;
  options.destination_concurrency = config.destination_concurrency;
  options.prefetch = config.prefetch;
  options.max_attempts = config.max_attempts;
  options.backoff = Backoff(config.retry_initial, config.retry_max, 0.2);
  return options;
}

HttpOptions http_options(const Config& config) {
  HttpOptions options;
  options.timeout = config.http_timeout;
  options.connect_timeout = config.http_connect_timeout;
  options.ca_file = config.ca_file;
  options.max_connections = config.concurrency;
  return options;
}

// ---- the process
// ----------------------------------------------------------------------------------

// All parts, from the bottom up; they go in the opposite order.
class Process {
 public:
  Process(Config config, Log& log, const std::string& token, RunFile& ready_file);
  void run();

 private:
  void add_environments(const std::string& token);
  void connect_parts();
  void on_link(bool ready);
  void on_ready();
  void terminate();
  void leave();

  Config config_;
  Log& log_;
  RunFile& ready_file_;
  Loop loop_;
  redis::Client commands_;
  RedisCheck check_;
  Engine engine_;
  Janitor janitor_;
  std::unique_ptr<redis::Timer> away_timer_;   // Redis was not there when we started
  std::unique_ptr<redis::Timer> drain_timer_;  // the drain's time is up
  std::unique_ptr<redis::Timer> leave_timer_;  // names were not given back in time
  bool draining_ = false;
};

Process::Process(Config config, Log& log, const std::string& token, RunFile& ready_file)
    : config_(std::move(config)),
      log_(log),
      ready_file_(ready_file),
      loop_(log),
      commands_(loop_, command_options(config_)),
      check_(commands_, log),
      engine_(loop_, log, commands_, http_options(config_), dispatcher_options(config_)),
      janitor_(loop_, log, engine_) {
  add_environments(token);
  connect_parts();
}

// Environments that share a webhook share a destination, with its budget and its turn.
void Process::add_environments(const std::string& token) {
  std::map<std::string, DestinationIndex> destinations;
  for (const auto& environment : config_.environments) {
    std::optional<DestinationIndex> destination;
    if (environment.webhook) {
      const auto& url = *environment.webhook;
      auto known = destinations.find(url);
      if (known == destinations.end()) {
        const auto index = engine_.add_destination(
            std::make_unique<SlackTarget>(url),
            std::make_unique<Budget>(commands_, url, config_.budget_burst, config_.budget_rate),
            display_url(url));
        known = destinations.emplace(url, index).first;
      }
      destination = known->second;
      log_.write(LogLevel::kInfo, "environment",
                 {{"name", environment.name}, {"destination", display_url(url)}});
    } else {
      log_.write(LogLevel::kNotice, "environment without a webhook: it is not delivered",
                 {{"name", environment.name}, {"stream", environment.stream()}});
    }
    QueueOptions options;
    options.stream = environment.stream();
    options.group = environment.group();
    options.consumer = environment.consumer();
    options.link = link_options(config_, "notify-worker:" + environment.stream());
    janitor_.add(engine_.add_queue(std::move(options), token, destination));
  }
}

// Who tells whom.
void Process::connect_parts() {
  commands_.on_change([this](bool ready) { on_link(ready); });
  engine_.on_all_groups([this] { on_ready(); });
  engine_.on_room([this] { janitor_.room_changed(); });
  engine_.on_retry([this](const Queue& queue, std::chrono::milliseconds after) {
    janitor_.expect(queue, after);
  });

  away_timer_ = loop_.timer(redis::TimerKind::kBackground, [this] {
    log_.write(LogLevel::kWarning, "Redis does not answer yet; trying on",
               {{"url", config_.redis.display()}, {"error", commands_.last_error()}});
  });
  drain_timer_ = loop_.timer(redis::TimerKind::kHolding, [this] {
    log_.write(LogLevel::kWarning, "the drain's time is up; what is on the wire stays pending",
               {{"entries", static_cast<std::int64_t>(engine_.in_hand())}});
    leave();
  });
  leave_timer_ = loop_.timer(redis::TimerKind::kHolding, [this] { loop_.stop(); });

  loop_.on_signal(SIGTERM, [this] { terminate(); });
  loop_.on_signal(SIGINT, [this] { terminate(); });
  loop_.on_signal(SIGHUP, [this] {
    if (auto reopened = log_.reopen(); !reopened) {
      log_.write(LogLevel::kError, reopened.error().message);
    }
  });
}

void Process::run() {
  log_.write(LogLevel::kNotice, "started", {{"pid", std::int64_t{::getpid()}}});
  away_timer_->arm(kAwayAtStart);
  commands_.start();
  engine_.start();
  loop_.run();
  log_.write(LogLevel::kNotice, "stopped");
}

void Process::on_link(bool ready) {
  away_timer_->disarm();
  if (ready) {
    log_.write(LogLevel::kNotice, "Redis is there", {{"url", config_.redis.display()}});
  } else {
    log_.write(LogLevel::kWarning, "Redis is away", {{"error", commands_.last_error()}});
  }
  check_.on_link(ready);
  engine_.on_link(ready);
  janitor_.on_link(ready);
}

void Process::on_ready() {
  log_.write(LogLevel::kNotice, "ready");
  if (!config_.ready_file.empty()) {
    if (auto written = ready_file_.write(config_.ready_file, "ready\n"); !written) {
      log_.write(LogLevel::kError, "ready-file", {{"error", written.error().message}});
    }
  }
}

void Process::terminate() {
  if (draining_) {
    return loop_.stop();
  }
  draining_ = true;
  log_.write(LogLevel::kNotice, "draining",
             {{"entries", static_cast<std::int64_t>(engine_.in_hand())}});
  ready_file_.remove();
  janitor_.stop();
  drain_timer_->arm(config_.drain);
  engine_.drain([this] {
    drain_timer_->disarm();
    leave();
  });
}

void Process::leave() {
  leave_timer_->arm(kReleaseTime);
  engine_.release_names([this] { loop_.stop(); });
}

// ---- start
// ----------------------------------------------------------------------------------------

int complain(const std::string& what, int status) {
  std::fputs(("notify-worker: " + printable(what) + "\n").c_str(), stderr);
  return status;
}

int run(Config config) {
  Log log(config.log_level, config.log_format);
  if (auto opened = log.open(config.log_file); !opened) {
    return complain(opened.error().message, 2);
  }
  if (!config.redis.is_unix()) {
    auto address = resolve_host(config.redis.host);
    if (!address) {
      return complain("redis-url: " + address.error().message, 1);
    }
    config.redis.host = *address;
  }

  std::error_code ignored;  // Identity tells if there is no such directory
  std::filesystem::create_directories(config.run_dir, ignored);
  Identity identity;
  if (auto taken = identity.take(config.run_dir); !taken) {
    log.write(LogLevel::kWarning,
              "run-dir: when this worker is killed, its leases have to lapse before others go on",
              {{"error", taken.error().message}});
  }
  RunFile ready_file;
  if (!config.ready_file.empty()) {
    ::unlink(config.ready_file.c_str());  // of one that was killed
  }
  RunFile pid_file;
  if (!config.pid_file.empty()) {
    auto written = pid_file.write(config.pid_file, std::to_string(::getpid()) + "\n");
    if (!written) {
      return complain("pid-file: " + written.error().message, 2);
    }
  }

  std::signal(SIGPIPE, SIG_IGN);
  Process(std::move(config), log, identity.token(), ready_file).run();
  return 0;
}

}  // namespace
}  // namespace notify::worker

// What throws is a library at its start (CLI11), or memory running out.
int main(int argc, char** argv) {
  using namespace notify::worker;
  try {
    auto loaded = load_config({argv + (argc > 0 ? 1 : 0), argv + argc},
                              [](const char* name) -> const char* { return std::getenv(name); });
    if (!loaded) {
      return complain(loaded.error().message, 2);
    }
    if (loaded->print) {
      std::fputs(loaded->print->c_str(), stdout);
      return 0;
    }
    return run(std::move(loaded->config));
  } catch (const std::exception& error) {
    return complain(error.what(), 1);
  }
}
