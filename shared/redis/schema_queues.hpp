#pragma once

// Names and texts of work queues on Redis; the list of the keys stands in schema.hpp.
//
// Streams, groups and consumers may have any names that are UTF-8. So a group stands in a key as
// its label, which holds no colon: the group itself if that is 1 to 64 of A-Z a-z 0-9 . _ -, else
// `~` and its SHA-256. The key's last two parts are then the kind and the label, whatever the
// stream's name looks like, and two queues never share a key. Consumers are members of a hash.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/model/entry_id.hpp"

namespace notify::redis {

// Kinds of group_key().
inline constexpr std::string_view kMarkKind = "mark";
inline constexpr std::string_view kLeasesKind = "consumers";
inline constexpr std::string_view kFinishedKind = "finished";
inline constexpr std::string_view kFinishedBeforeKind = "finished-before";

inline constexpr std::string_view kQueuesKey = "notify:{queues}";
inline constexpr std::string_view kKeeperKey = "notify:{queues}:keeper";

// For as long a consumer's name is its own after the last renewal, and how often that is renewed. A
// name whose nginx worker is gone is free long before: see alive_key().
inline constexpr std::uint64_t kLeaseMs = 45'000;
inline constexpr std::uint64_t kRenewMs = 30'000;

// An nginx worker that has consumers writes another number there every kAliveMs. One that wants a
// name of it takes the name when the number stood still for kGoneMs, while Redis answered.
inline constexpr std::uint64_t kAliveMs = 300;
inline constexpr std::uint64_t kGoneMs = 1'000;
inline constexpr std::uint64_t kAliveTtlMs = 10'000;

// The token of a new connection, and the worker that it names: empty for one of an older version.
std::string connection_token(std::string_view worker, std::string_view random);
std::string_view worker_of(std::string_view token);
std::string alive_key(std::string_view worker);

std::string group_key(std::string_view stream, std::string_view kind, std::string_view group);

// What group.lua clears when it creates a group. A queue has no retries; and those of the stream's
// other groups are none of its business.
std::string group_due_key(std::string_view stream, std::string_view group);

std::string control_channel(std::string_view stream, std::string_view group, int database);
std::string inflight_key(EntryId id);

// <length>:<stream><length>:<group>
std::string queue_pair(std::string_view stream, std::string_view group);
std::optional<std::pair<std::string, std::string>> parse_queue_pair(std::string_view text);

// The value in notify:{queues}.
struct QueueSettings {
  std::uint64_t ack_timeout_ms = 300'000;
  std::uint64_t max_deliveries = 16;  // 0: any number

  bool operator==(const QueueSettings&) const = default;
};
std::string format_queue_settings(const QueueSettings& settings);
std::optional<QueueSettings> parse_queue_settings(std::string_view text);

// A message on the control channel:
//
//   done <id>…           these are finished, or not to be had any more: whoever held one has room
//   absent <id>…         these were not pending: whoever counts one as in flight is to look
//   lacks <token> <id>…  these are somebody else's: if that connection counts one as in flight, it
//                        is to look
//   moved <token> <id>…  these are that connection's now: whoever else held one has room
//   limit <n>            each consumer may have n entries in flight
//   reclaim              some were not finished in time: claim them
struct Control {
  enum class Kind { kDone, kAbsent, kLacks, kMoved, kLimit, kReclaim };
  Kind kind = Kind::kReclaim;
  std::string_view token;  // kMoved, kLacks; a part of the payload
  std::uint64_t limit = 0;
  std::vector<EntryId> ids;
};
inline constexpr std::string_view kReclaimMessage = "reclaim";
std::optional<Control> parse_control(std::string_view payload);

}  // namespace notify::redis
