#include "worker/process/redis_check.hpp"

namespace notify::worker {
namespace {

// The value of "name:value\r\n".
std::string_view value_of(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const auto end = info.find('\n');
    auto line = info.substr(0, end);
    info.remove_prefix(end == info.npos ? info.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':') {
      return line.substr(name.size() + 1);
    }
  }
  return {};
}

}  // namespace

void RedisCheck::on_link(bool ready) {
  if (!ready || done_) {
    return;
  }
  done_ = true;
  redis::Command command;
  command.arguments = {"INFO"};
  calls_.command(std::move(command), [this](const Result<redis::Reply>& reply) {
    if (reply) {
      judge(reply->text());
    } else {
      log_.write(LogLevel::kWarning, "Redis does not tell how it is set up",
                 {{"error", reply.error().message}});
    }
  });
}

void RedisCheck::judge(std::string_view info) {
  log_.write(LogLevel::kInfo, "Redis", {{"version", value_of(info, "redis_version")}});
  const auto policy = value_of(info, "maxmemory_policy");
  if (!policy.empty() && policy != "noeviction") {
    log_.write(LogLevel::kError,
               "Redis may evict streams with all that is undelivered: set maxmemory-policy to "
               "noeviction",
               {{"maxmemory-policy", policy}});
  }
  if (value_of(info, "aof_enabled") == "0") {
    log_.write(LogLevel::kWarning,
               "Redis has no append-only file: what it accepted since its last snapshot is lost "
               "when it dies");
  }
}

}  // namespace notify::worker
