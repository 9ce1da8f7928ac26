#include "ngx_notify_module/runtime.hpp"

#include <malloc.h>

#include <array>

#include "ngx_notify_module/auth/key_service.hpp"
#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/request/turns.hpp"
#include "ngx_notify_module/stats/board.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "ngx_notify_module/transport/finished_ids.hpp"
#include "ngx_notify_module/transport/probe.hpp"
#include "ngx_notify_module/transport/redis_host.hpp"
#include "ngx_notify_module/transport/subscriptions.hpp"
#include "ngx_notify_module/upstream/queue_log.hpp"
#include "ngx_notify_module/upstream/queue_source.hpp"
#include "ngx_notify_module/upstream/redis_source.hpp"
#include "ngx_notify_module/websocket/unfinished.hpp"
#include "shared/base/crypto.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

// Of work queues: what is asked often, and what a client waits for.
constexpr std::array<const redis::Script*, 15> kQueueScripts{
    &redis::scripts::group,    &redis::scripts::join,      &redis::scripts::renew,
    &redis::scripts::leave,    &redis::scripts::take,      &redis::scripts::claim,
    &redis::scripts::inflight, &redis::scripts::finish,    &redis::scripts::limit,
    &redis::scripts::audit,    &redis::scripts::consumers, &redis::scripts::mark,
    &redis::scripts::recall,   &redis::scripts::requeue,   &redis::scripts::alive};

constexpr int kLargeBlock = 256 * 1024;
// Once nothing of it is left: a storm has pauses, too.
constexpr std::chrono::milliseconds kTrimAfter{500};

// Both links tell Redis who they are: CLIENT LIST shows it.
redis::LinkOptions link_options(const MainConf& conf, std::string_view purpose) {
  redis::LinkOptions options;
  options.url = *conf.redis;
  options.client_name =
      "nginx-notify:" + std::string(purpose) + ":" + std::to_string(static_cast<long>(ngx_pid));
  options.command_timeout = redis::Milliseconds(*conf.redis_timeout);
  return options;
}

redis::Client::Options command_options(const MainConf& conf, std::function<void()> relieved) {
  redis::Client::Options options;
  options.link = link_options(conf, "commands");
  options.link.scripts = {
      &redis::scripts::publish,       &redis::scripts::read,   &redis::scripts::status,
      &redis::scripts::clear,         &redis::scripts::latest, &redis::scripts::history,
      &redis::scripts::publish_batch, &redis::scripts::inbox,  &redis::scripts::acknowledge};
  options.link.scripts.insert(options.link.scripts.end(), kQueueScripts.begin(),
                              kQueueScripts.end());
  options.link.scripts.push_back(&redis::scripts::backlog);
  options.link.on_answer = [](std::uint64_t us) {
    if (metrics::board != nullptr) {
      metrics::board->answered_after(us);
    }
  };
  options.max_pending = *conf.max_pending;
  options.max_pending_bytes = *conf.max_pending_bytes;
  options.max_read_bytes = *conf.max_read_bytes;
  options.relieved = std::move(relieved);
  return options;
}

Sessions::Options session_options(const MainConf& conf) {
  Sessions::Options options;
  options.limits.ring_entries = static_cast<unsigned>(*conf.ring_entries);
  options.limits.ring_bytes = *conf.ring_bytes;
  // More would only wait, and no longer in the order that the hub wants.
  options.limits.max_reads =
      static_cast<unsigned>(std::max<std::size_t>(*conf.max_read_bytes / redis::kLargeEntry, 1));
  options.limits.turn_subscribers = static_cast<unsigned>(*conf.fanout_batch);
  options.drain_ms = *conf.drain;
  return options;
}

void show_link(bool ready, metrics::Counter counter, metrics::Gauge gauge) {
  if (ready) {
    metrics::count(counter);
  }
  if (metrics::board != nullptr) {
    metrics::board->set(gauge, ready ? 1 : 0);
  }
}

}  // namespace

constinit Runtime* runtime = nullptr;

struct Runtime::Parts {
  explicit Parts(const MainConf& conf)
      : commands(host, command_options(conf, [this] { trim.arm(kTrimAfter); })),
        finished_ids(commands),
        subscriptions(host, link_options(conf, "subscriptions")),
        probe(host, commands, subscriptions, random_hex(8)),
        source(commands, subscriptions, static_cast<int>(conf.redis->db)),
        queue_source(commands, subscriptions, static_cast<int>(conf.redis->db), queue_log),
        unfinished(*conf.max_unfinished),
        sessions(source, queue_source, queue_log, session_options(conf)),
        watcher([this] { sessions.drain(); }) {
    source.attach(sessions.hub());
    queue_source.attach(sessions.queues());
    commands.on_change([](bool ready) {
      show_link(ready, metrics::Counter::kCommandLinks, metrics::Gauge::kCommandsUp);
    });
    subscriptions.on_change([this](bool ready) {
      show_link(ready, metrics::Counter::kSubscriptionLinks, metrics::Gauge::kSubscriptionsUp);
      if (!ready) {
        probe.link_lost();
        sessions.hub().on_upstream_lost();
      }
    });
  }
  ~Parts() {
    commands.on_change(nullptr);
    subscriptions.on_change(nullptr);
    sessions.show_figures();
    source.detach();
    queue_source.detach();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  RedisHost host;
  // Gives memory back to the system that a storm took: glibc keeps it, since more of the same might
  // come.
  EventTimer trim{EventTimer::kCancelable, [] { malloc_trim(0); }};
  redis::Client commands;
  FinishedIds finished_ids;
  Subscriptions subscriptions;
  Probe probe;
  RedisSource source;
  QueueLog queue_log;
  QueueSource queue_source;
  websocket::Unfinished unfinished;
  BodyTurns body_turns;
  Sessions sessions;
  DrainWatcher watcher;
};

Runtime::Runtime(const MainConf& conf) : conf_(conf) {
  if (!conf_.key_stores.empty()) {
    keys_ =
        std::make_unique<KeyService>(conf_.key_stores, KeyZone(*conf_.key_zone), conf_.threads,
                                     KeyService::Places{*conf_.auth_waiting, *conf_.auth_proofs});
  }
  if (!conf_.enabled) {
    return;
  }
  // glibc raises this with every large block that is freed, until a megabyte is cut out of the heap
  // and stays there. Where it is fixed a large block is the system's again at once.
  mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  parts_ = std::make_unique<Parts>(conf_);
  parts_->commands.start();
  parts_->subscriptions.start();
  if (!parts_->watcher.start()) {
    log_text(NGX_LOG_ERR, ngx_cycle->log,
             "notify: no free connection to watch for the end of this worker: its streams will be "
             "cut at a reload, \"worker_connections\" are not enough");
  }
}

Runtime::~Runtime() = default;

redis::Host& Runtime::host() { return parts_->host; }

redis::Client& Runtime::commands() { return parts_->commands; }

FinishedIds& Runtime::finished_ids() { return parts_->finished_ids; }

BodyTurns& Runtime::body_turns() { return parts_->body_turns; }
websocket::Unfinished& Runtime::unfinished() { return parts_->unfinished; }

Sessions& Runtime::sessions() { return parts_->sessions; }

Result<void> Runtime::readiness() const {
  if (!parts_->commands.ready()) {
    return unreachable(parts_->commands.last_error());
  }
  if (!parts_->subscriptions.ready()) {
    return Error{ErrorKind::kUnavailable, "Redis is unreachable"};
  }
  if (!parts_->probe.passed()) {
    return Error{ErrorKind::kUnavailable, "Messages do not come back from Redis"};
  }
  return {};
}

}  // namespace notify
