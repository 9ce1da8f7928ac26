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

#include "shared/process/loop.hpp"
#include "shared/redis/client.hpp"
#include "shared/redis/schema.hpp"
#include "shared/redis/schema_catalog.hpp"
#include "shared/redis/schema_notices.hpp"
#include "worker/catalog/catalog.hpp"
#include "worker/delivery/engine.hpp"
#include "worker/delivery/janitor.hpp"
#include "worker/delivery/targets/slack.hpp"
#include "worker/net/resolve.hpp"
#include "worker/process/log.hpp"
#include "worker/process/metrics.hpp"
#include "worker/process/metrics_server.hpp"
#include "worker/process/redis_check.hpp"
#include "worker/process/run_files.hpp"
#include "worker/settings/config.hpp"
#include "worker/upkeep/notice_keeper.hpp"
#include "worker/upkeep/queue_keeper.hpp"

namespace notify::worker {
namespace {

constexpr std::chrono::milliseconds kReleaseTime{500};
constexpr std::chrono::milliseconds kAwayAtStart{2'000};

// ---- options of the parts -----------------------------------------------------------------------

redis::LinkOptions link_options(const Config& config, std::string name) {
  redis::LinkOptions options;
  options.url = config.redis;
  options.client_name = std::move(name);
  return options;
}

redis::Client::Options command_options(const Config& config, Metrics& metrics) {
  namespace s = redis::scripts;
  redis::Client::Options options;
  options.link = link_options(config, "notify-worker");
  options.link.on_answer = [&metrics](std::uint64_t us) { metrics.redis_answer(us); };
  options.link.scripts = {&s::attempt,      &s::budget, &s::due,         &s::forget,
                          &s::group,        &s::lease,  &s::mark,        &s::overdue,
                          &s::reclaim,      &s::sweep,  &s::settle_dead, &s::settle_done,
                          &s::settle_later, &s::remind, &s::resolve};
  if (!config.catalog.admin_password.empty()) {
    options.link.scripts.insert(options.link.scripts.end(),
                                {&s::acknowledge, &s::catalog_clients, &s::catalog_gone,
                                 &s::catalog_overflow, &s::catalog_withdraw, &s::publish});
  }
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
  options.targets = TargetRule(config.allowed_targets);
  return options;
}

QueueKeeper::Options keeper_options(const Config& config) {
  return {config.queue_look, config.queue_sweep, config.queue_forget,
          static_cast<int>(config.redis.db)};
}

NoticeKeeper::Options notice_options(const Config& config) {
  return {config.slack_actions, config.reminder_after, config.reminder_look,
          config.slack_actions_look, config.reminder_limit};
}

// ---- the process --------------------------------------------------------------------------------

// All parts, from the bottom up; they go in the opposite order.
class Process {
 public:
  Process(Config config, Log& log, const std::string& token, RunFile& ready_file);
  void run();

 private:
  void add_environments(const std::string& token);
  void add_queue(std::string stream, std::string group, std::string consumer,
                 const std::string& token, std::optional<DestinationIndex> destination);
  void connect_parts();
  void on_link(bool ready);
  void on_ready();
  void terminate();
  void part_drained();
  void leave();

  Config config_;
  Log& log_;
  RunFile& ready_file_;
  process::Loop loop_;
  Metrics metrics_;
  redis::Client commands_;
  RedisCheck check_;
  Engine engine_;
  Janitor janitor_;
  QueueKeeper keeper_;
  NoticeKeeper notices_;
  std::unique_ptr<Catalog> catalog_;           // null: there is none
  std::unique_ptr<redis::Timer> away_timer_;   // Redis was not there when we started
  std::unique_ptr<redis::Timer> drain_timer_;  // the drain's time is up
  std::unique_ptr<redis::Timer> leave_timer_;  // names were not given back in time
  bool draining_ = false;
  std::unique_ptr<MetricsServer> metrics_server_;  // null: nobody is told
  int drains_ = 0;                                 // of parts that have not ended
};

Process::Process(Config config, Log& log, const std::string& token, RunFile& ready_file)
    : config_(std::move(config)),
      log_(log),
      ready_file_(ready_file),
      loop_([&log](LogLevel level, std::string_view text) { log.write(level, text); }),
      commands_(loop_, command_options(config_, metrics_)),
      check_(commands_, log),
      engine_(loop_, log, commands_, http_options(config_), dispatcher_options(config_)),
      janitor_(loop_, log, engine_),
      keeper_(loop_, log, commands_, token, keeper_options(config_)),
      notices_(loop_, log, commands_, notice_options(config_)) {
  add_environments(token);
  if (!config_.catalog.admin_password.empty()) {
    catalog_ =
        std::make_unique<Catalog>(loop_, log_, commands_, engine_, janitor_, metrics_, config_,
                                  link_options(config_, "notify-worker:catalog"), token);
  }
  if (!config_.metrics_listen.empty()) {
    const auto text = [this] {
      metrics_.in_hand(engine_.in_hand());
      return metrics_.text();
    };
    metrics_server_ = std::make_unique<MetricsServer>(loop_, log_, config_.metrics_listen,
                                                      config_.socket_group, text);
  }
  connect_parts();
}

// Environments that share an account share a destination, with its budget and its turn.
void Process::add_environments(const std::string& token) {
  const auto account_of = [this](const Environment& environment) {
    const auto& slack = environment.slack;
    return SlackAccount{slack.webhook, slack.token, slack.channel, config_.slack_api_url};
  };
  std::map<std::string, SlackReminders> reminders;
  for (const auto& environment : config_.environments) {
    auto& shared = reminders[account_of(environment).identity()];
    shared.environments.emplace(environment.stream(), environment.name);
    shared.after = config_.reminder_after;
  }
  std::map<std::string, DestinationIndex> destinations;
  for (const auto& environment : config_.environments) {
    if (!environment.slack.reachable()) {
      log_.write(LogLevel::kNotice, "environment without a webhook or bot token: not delivered",
                 {{"name", environment.name}, {"stream", environment.stream()}});
      add_queue(environment.stream(), environment.group(), environment.consumer(), token, {});
      continue;
    }
    const auto account = account_of(environment);
    const auto identity = account.identity();
    const auto display = display_url(account.has_token() ? account.api_url : account.webhook);
    auto known = destinations.find(identity);
    if (known == destinations.end()) {
      const auto index = engine_.add_destination(
          std::make_unique<SlackTarget>(account, reminders[identity]),
          std::make_unique<Budget>(commands_, identity, config_.budget_burst, config_.budget_rate),
          display);
      known = destinations.emplace(identity, index).first;
    }
    log_.write(LogLevel::kInfo, "environment",
               {{"name", environment.name}, {"destination", display}});
    add_queue(environment.stream(), environment.group(), environment.consumer(), token,
              known->second);
    add_queue(redis::notices_stream(environment.stream()), std::string(redis::kNoticesGroup),
              environment.name + "_notices_worker", token, known->second);
    notices_.add(environment.name, environment.stream());
  }
}

void Process::add_queue(std::string stream, std::string group, std::string consumer,
                        const std::string& token, std::optional<DestinationIndex> destination) {
  QueueOptions options;
  options.link = link_options(config_, "notify-worker:" + stream);
  options.stream = std::move(stream);
  options.group = std::move(group);
  options.consumer = std::move(consumer);
  options.metrics = &metrics_;
  janitor_.add(engine_.add_queue(std::move(options), token, destination));
}

// Who tells whom.
void Process::connect_parts() {
  commands_.on_change([this](bool ready) { on_link(ready); });
  engine_.on_all_groups([this] { on_ready(); });
  engine_.on_outcome([this](const Outcome& outcome) {
    const SettleKind kind = outcome.settlement.kind;
    const char* word = kind == SettleKind::kDone    ? "delivered"
                       : kind == SettleKind::kLater ? "retried"
                                                    : "dead";
    const bool sent = outcome.status != 0 || outcome.took.count() > 0;
    metrics_.settled(outcome.delivery.stream, word, sent ? outcome.took.count() : -1);
  });
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
  if (metrics_server_) {
    metrics_server_->start();
  }
  if (catalog_) {
    catalog_->start();
  }
  loop_.run();
  log_.write(LogLevel::kNotice, "stopped");
}

void Process::on_link(bool ready) {
  away_timer_->disarm();
  metrics_.redis_link(ready);
  if (ready) {
    log_.write(LogLevel::kNotice, "connected to Redis", {{"url", config_.redis.display()}});
  } else {
    log_.write(LogLevel::kWarning, "Redis is away", {{"error", commands_.last_error()}});
  }
  check_.on_link(ready);
  engine_.on_link(ready);
  janitor_.on_link(ready);
  keeper_.on_link(ready);
  notices_.on_link(ready);
  if (catalog_) {
    catalog_->on_link(ready);
  }
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
  keeper_.stop();
  notices_.stop();
  drain_timer_->arm(config_.drain);
  drains_ = catalog_ ? 2 : 1;
  engine_.drain([this] { part_drained(); });
  if (catalog_) {
    catalog_->drain([this] { part_drained(); });
  }
}

void Process::part_drained() {
  if (--drains_ == 0) {
    drain_timer_->disarm();
    leave();
  }
}

void Process::leave() {
  leave_timer_->arm(kReleaseTime);
  engine_.release_names([this] { loop_.stop(); });
}

// ---- start --------------------------------------------------------------------------------------

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
