#include "ngx_notify_module/transport/queue_commands.hpp"

#include "ngx_notify_module/transport/commands.hpp"
#include "shared/redis/schema_queues.hpp"

namespace notify {
namespace {

std::string leases_key(std::string_view stream, std::string_view group) {
  return redis::group_key(stream, redis::kLeasesKind, group);
}

}  // namespace

// Not repeated by itself: a repeat that comes at once would answer that nothing was there to be
// finished.
redis::Command finish_command(const FinishOrder& order, std::span<const EntryId> ids,
                              int database) {
  redis::Command command =
      script_call(redis::scripts::finish,
                  {order.stream, leases_key(order.stream, order.group),
                   redis::group_key(order.stream, redis::kFinishedKind, order.group),
                   redis::group_key(order.stream, redis::kFinishedBeforeKind, order.group)},
                  redis::Repeat::kNever);
  auto& arguments = command.arguments;
  arguments.reserve(arguments.size() + 4 + ids.size());
  arguments.push_back(order.group);
  arguments.push_back(redis::control_channel(order.stream, order.group, database));
  arguments.push_back(order.consumer);
  arguments.emplace_back(order.remove ? "1" : "0");
  for (const EntryId& id : ids) {
    arguments.push_back(format_entry_id(id));
  }
  return command;
}

redis::Command inflight_command(EntryId id) {
  redis::Command command;
  command.arguments = {"SMEMBERS", redis::inflight_key(id)};
  command.repeat = redis::Repeat::kSafe;
  return command;
}

redis::Command forget_command(std::span<const EntryId> ids, std::string_view stream,
                              std::string_view group) {
  std::vector<std::string> keys;
  keys.reserve(ids.size());
  for (const EntryId& id : ids) {
    keys.push_back(redis::inflight_key(id));
  }
  redis::Command command =
      script_call(redis::scripts::inflight, std::move(keys), redis::Repeat::kSafe);
  command.arguments.push_back(redis::queue_pair(stream, group));
  command.arguments.emplace_back("0");
  return command;
}

redis::Command told_command(std::span<const EntryId> ids, std::string_view stream,
                            std::string_view group) {
  redis::Command command;
  command.arguments = {"HDEL", redis::group_key(stream, redis::kFinishedKind, group)};
  for (const EntryId& id : ids) {
    command.arguments.push_back(format_entry_id(id));
  }
  command.repeat = redis::Repeat::kSafe;
  return command;
}

redis::Command pending_command(EntryId id, std::string_view stream, std::string_view group) {
  const std::string text = format_entry_id(id);
  redis::Command command;
  command.arguments = {"XPENDING", std::string(stream), std::string(group), text, text, "1"};
  command.repeat = redis::Repeat::kSafe;
  return command;
}

redis::Command limit_command(std::string_view stream, std::string_view group, std::uint64_t limit,
                             int database) {
  redis::Command command =
      script_call(redis::scripts::limit, {leases_key(stream, group)}, redis::Repeat::kSafe);
  command.arguments.push_back(redis::control_channel(stream, group, database));
  command.arguments.push_back(std::to_string(limit));
  return command;
}

redis::Command consumers_command(std::string_view stream, std::string_view group) {
  return script_call(redis::scripts::consumers, {leases_key(stream, group)}, redis::Repeat::kSafe);
}

}  // namespace notify
