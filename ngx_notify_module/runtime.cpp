#include "ngx_notify_module/runtime.hpp"

#include "ngx_notify_module/ngx/event.hpp"
#include "ngx_notify_module/stream/redis_source.hpp"
#include "ngx_notify_module/stream/sessions.hpp"
#include "ngx_notify_module/transport/probe.hpp"
#include "ngx_notify_module/transport/redis_host.hpp"
#include "ngx_notify_module/transport/subscriptions.hpp"
#include "shared/base/crypto.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

// Both links tell Redis who they are: CLIENT LIST shows it.
redis::LinkOptions link_options(const MainConf& conf, std::string_view purpose) {
  redis::LinkOptions options;
  options.url = *conf.redis;
  options.client_name =
      "nginx-notify:" + std::string(purpose) + ":" + std::to_string(static_cast<long>(ngx_pid));
  options.command_timeout = redis::Milliseconds(*conf.redis_timeout);
  return options;
}

redis::Client::Options command_options(const MainConf& conf) {
  redis::Client::Options options;
  options.link = link_options(conf, "commands");
  options.link.scripts = {&redis::scripts::publish, &redis::scripts::read, &redis::scripts::status,
                          &redis::scripts::clear};
  options.max_waiting = *conf.max_pending;
  return options;
}

Sessions::Options session_options(const MainConf& conf) {
  Sessions::Options options;
  options.limits.ring_entries = static_cast<unsigned>(*conf.ring_entries);
  options.limits.ring_bytes = *conf.ring_bytes;
  options.limits.turn_subscribers = static_cast<unsigned>(*conf.fanout_batch);
  options.drain_ms = *conf.drain;
  return options;
}

}  // namespace

constinit Runtime* runtime = nullptr;

struct Runtime::Parts {
  explicit Parts(const MainConf& conf)
      : commands(host, command_options(conf)),
        subscriptions(host, link_options(conf, "subscriptions")),
        probe(host, commands, subscriptions, random_hex(8)),
        source(commands, subscriptions, static_cast<int>(conf.redis->db)),
        sessions(source, session_options(conf)),
        watcher([this] { sessions.drain(); }) {
    source.attach(sessions.hub());
    subscriptions.on_change([this](bool ready) {
      if (!ready) {
        probe.link_lost();
        sessions.hub().on_upstream_lost();
      }
    });
  }
  ~Parts() {
    subscriptions.on_change(nullptr);
    source.detach();
  }
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;

  RedisHost host;
  redis::Client commands;
  Subscriptions subscriptions;
  Probe probe;
  RedisSource source;
  Sessions sessions;
  DrainWatcher watcher;
};

Runtime::Runtime(const MainConf& conf) : conf_(conf), parts_(std::make_unique<Parts>(conf_)) {
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

Sessions& Runtime::sessions() { return parts_->sessions; }

Result<void> Runtime::readiness() const {
  if (!parts_->commands.ready() || !parts_->subscriptions.ready()) {
    return Error{ErrorKind::kUnavailable, "Redis is unreachable"};
  }
  if (!parts_->probe.passed()) {
    return Error{ErrorKind::kUnavailable, "Messages do not come back from Redis"};
  }
  return {};
}

}  // namespace notify
