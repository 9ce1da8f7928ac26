#include "shared/redis/schema_queues.hpp"

#include <algorithm>

#include "shared/base/crypto.hpp"
#include "shared/base/encoding.hpp"
#include "shared/base/text.hpp"
#include "shared/redis/schema.hpp"

namespace notify::redis {
namespace {

bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::string label(std::string_view group) {
  constexpr std::size_t kLongest = 64;
  if (!group.empty() && group.size() <= kLongest &&
      std::all_of(group.begin(), group.end(), is_plain)) {
    return std::string(group);
  }
  return "~" + hex(sha256(group));
}

// <length>:<that many bytes> from the front of `text`.
std::optional<std::string_view> take_counted(std::string_view& text) {
  const std::size_t colon = text.find(':');
  const auto size =
      colon == std::string_view::npos ? std::nullopt : parse_u64(text.substr(0, colon));
  if (!size || *size > text.size() - colon - 1 || (colon > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  const std::string_view part = text.substr(colon + 1, *size);
  text.remove_prefix(colon + 1 + *size);
  return part;
}

// What stands before the next blank; the blank goes, too.
std::string_view take_word(std::string_view& text) {
  const std::size_t blank = text.find(' ');
  const std::string_view word = text.substr(0, blank);
  text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
  return word;
}

bool take_ids(std::string_view text, std::vector<EntryId>& ids) {
  ids.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), ' ')) + 1);
  do {
    const auto id = parse_entry_id(take_word(text));
    if (!id) {
      return false;
    }
    ids.push_back(*id);
  } while (!text.empty());
  return true;
}

}  // namespace

std::string group_key(std::string_view stream, std::string_view kind, std::string_view group) {
  return side_key(stream, std::string(kind) + ":" + label(group));
}

std::string group_due_key(std::string_view stream, std::string_view group) {
  return group_key(stream, "due", group);
}

std::string control_channel(std::string_view stream, std::string_view group, int database) {
  std::string channel = group_key(stream, "queue", group);
  if (database != 0) {
    channel.append("@").append(std::to_string(database));
  }
  return channel;
}

std::string connection_token(std::string_view worker, std::string_view random) {
  return std::string(worker) + "." + std::string(random);
}

std::string_view worker_of(std::string_view token) {
  const std::size_t dot = token.find('.');
  return dot == std::string_view::npos ? std::string_view{} : token.substr(0, dot);
}

std::string alive_key(std::string_view worker) {
  return "notify:{queues}:alive:" + std::string(worker);
}

std::string inflight_key(EntryId id) { return "notify:{inflight}:" + format_entry_id(id); }

std::string queue_pair(std::string_view stream, std::string_view group) {
  std::string text;
  for (const std::string_view part : {stream, group}) {
    text.append(std::to_string(part.size())).append(":").append(part);
  }
  return text;
}

std::optional<std::pair<std::string, std::string>> parse_queue_pair(std::string_view text) {
  const auto stream = take_counted(text);
  const auto group = stream ? take_counted(text) : std::nullopt;
  if (!group || !text.empty()) {
    return std::nullopt;
  }
  return std::pair(std::string(*stream), std::string(*group));
}

std::string format_queue_settings(const QueueSettings& settings) {
  return std::to_string(settings.ack_timeout_ms) + " " + std::to_string(settings.max_deliveries);
}

std::optional<QueueSettings> parse_queue_settings(std::string_view text) {
  const auto timeout = parse_u64(take_word(text));
  const auto deliveries = timeout ? parse_u64(text) : std::nullopt;
  if (!deliveries) {
    return std::nullopt;
  }
  return QueueSettings{*timeout, *deliveries};
}

std::optional<Control> parse_control(std::string_view payload) {
  Control control;
  if (payload == kReclaimMessage) {
    return control;
  }
  const std::string_view word = take_word(payload);
  if (word == "limit") {
    const auto limit = parse_u64(payload);
    control.kind = Control::Kind::kLimit;
    control.limit = limit.value_or(0);
    return limit ? std::optional(std::move(control)) : std::nullopt;
  }
  control.kind = Control::Kind::kDone;
  if (word == "moved" || word == "lacks") {
    control.kind = word == "moved" ? Control::Kind::kMoved : Control::Kind::kLacks;
    control.token = take_word(payload);
  } else if (word == "absent") {
    control.kind = Control::Kind::kAbsent;
  } else if (word != "done") {
    return std::nullopt;
  }
  return take_ids(payload, control.ids) ? std::optional(std::move(control)) : std::nullopt;
}

}  // namespace notify::redis
