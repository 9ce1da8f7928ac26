#include "ngx_notify_module/transport/inbox_commands.hpp"

#include <utility>

#include "ngx_notify_module/transport/commands.hpp"
#include "shared/redis/page.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

// Of one page. What was cut by bytes comes with the next one.
constexpr unsigned kEntries = 100;
constexpr unsigned kBytes = 64 * 1024;

std::optional<EntryId> id_of(const redis::Reply& reply) {
  const auto text = reply.bulk();
  return text ? parse_entry_id(*text) : std::nullopt;
}

}  // namespace

redis::Command inbox_command(const InboxName& inbox, EntryId after) {
  redis::Command command =
      script_call(redis::scripts::inbox, {std::string(inbox.stream)}, redis::Repeat::kSafe);
  command.reads = kBytes;
  for (const std::string_view argument : {inbox.group, inbox.consumer}) {
    command.arguments.emplace_back(argument);
  }
  command.arguments.push_back(format_entry_id(after));
  command.arguments.push_back(std::to_string(kEntries));
  command.arguments.push_back(std::to_string(kBytes));
  command.arguments.push_back(std::to_string(inbox.expire_ms));
  return command;
}

std::optional<InboxPage> parse_inbox(const redis::Reply& reply) {
  constexpr std::size_t kFacts = 4;
  const auto cursor = id_of(reply[0]);
  const auto more = reply[1].integer();
  const auto trimmed = reply[2].integer();
  const auto last = id_of(reply[3]);
  if (!cursor || !more || !trimmed || *trimmed < 0 || !last) {
    return std::nullopt;
  }
  InboxPage page{*cursor, *more != 0, static_cast<std::uint64_t>(*trimmed), *last, {}};
  page.entries.reserve(reply.size() - kFacts);
  for (std::size_t i = kFacts; i < reply.size(); ++i) {
    auto entry = redis::parse_entry(reply[i]);
    if (!entry) {
      return std::nullopt;
    }
    page.entries.push_back(std::move(*entry));
  }
  return page;
}

redis::Command acknowledge_command(const InboxName& inbox, std::span<const EntryId> ids) {
  redis::Command command =
      script_call(redis::scripts::acknowledge, {std::string(inbox.stream)}, redis::Repeat::kSafe);
  command.arguments.reserve(command.arguments.size() + 3 + ids.size());
  for (const std::string_view argument : {inbox.group, inbox.consumer, std::string_view()}) {
    command.arguments.emplace_back(argument);
  }
  for (const EntryId& id : ids) {
    command.arguments.push_back(format_entry_id(id));
  }
  return command;
}

}  // namespace notify
