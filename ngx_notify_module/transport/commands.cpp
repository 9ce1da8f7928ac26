#include "ngx_notify_module/transport/commands.hpp"

#include <algorithm>
#include <array>

#include "shared/redis/schema.hpp"

namespace notify {
namespace {

redis::Command script_call(const redis::Script& script, std::vector<std::string> keys,
                           redis::Repeat repeat) {
  redis::Command command;
  command.script = &script;
  command.repeat = repeat;
  command.arguments = {"EVALSHA", std::string(script.sha1), std::to_string(keys.size())};
  for (std::string& key : keys) {
    command.arguments.push_back(std::move(key));
  }
  return command;
}

}  // namespace

redis::Command publish_command(const PublishOrder& order) {
  redis::Command command =
      script_call(redis::scripts::publish, {order.stream}, redis::Repeat::kNever);
  auto& arguments = command.arguments;
  arguments.reserve(arguments.size() + 5 + 2 * order.fields.size());
  arguments.push_back(std::to_string(order.retain_count));
  arguments.push_back(std::to_string(order.retain_ms));
  arguments.push_back(redis::bell_channel(order.stream, order.database));
  arguments.push_back(std::to_string(redis::kBellInlineLimit));
  arguments.emplace_back("0");  // no idempotency key, so nothing to remember
  for (const auto& [name, value] : order.fields) {
    arguments.push_back(name);
    arguments.push_back(value);
  }
  return command;
}

redis::Command status_command(std::string_view stream, std::string_view group) {
  redis::Command command =
      script_call(redis::scripts::status, {std::string(stream)}, redis::Repeat::kSafe);
  command.arguments.emplace_back(group);
  return command;
}

// Not to be repeated by itself: what was published since then would go, too.
redis::Command clear_command(std::string_view stream) {
  return script_call(redis::scripts::clear, {std::string(stream), redis::side_key(stream, "due")},
                     redis::Repeat::kNever);
}

Error error_of(const redis::Reply& reply) {
  constexpr std::array<std::string_view, 10> kPassing{
      "OOM",      "MISCONF",     "READONLY",   "LOADING",    "BUSY",
      "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED"};
  const std::string_view code = reply.error_code();
  if (std::find(kPassing.begin(), kPassing.end(), code) != kPassing.end()) {
    return {ErrorKind::kUnavailable, "Redis does not take writes now (" + std::string(code) + ")"};
  }
  if (code == "WRONGTYPE") {
    return {ErrorKind::kInternal, "The stream's key holds something else in Redis (WRONGTYPE)"};
  }
  return {ErrorKind::kInternal, "Redis refused the command (" + std::string(code) + ")"};
}

Error error_of(const Error& failure) {
  switch (failure.kind) {
    case ErrorKind::kUnavailable:
      return {failure.kind, "Redis is unavailable, nothing was done"};
    case ErrorKind::kUnknownOutcome:
      return {failure.kind, "Redis did not answer in time, the outcome is unknown"};
    default:
      return failure;
  }
}

}  // namespace notify
