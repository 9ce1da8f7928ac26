#pragma once

// The commands that requests send, and what an error of Redis' means for them. Built upon the
// scripts of shared/redis; what each takes and answers stands at its top.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/result.hpp"
#include "shared/model/entry_id.hpp"
#include "shared/redis/client.hpp"
#include "shared/redis/schema.hpp"

namespace notify {

struct PublishTerms {
  std::string stream;
  std::uint64_t retain_count = 0;  // 0: no bound
  std::uint64_t retain_ms = 0;     // 0: no bound
  std::uint64_t inbox_ms = 0;  // an inbox: how long it is kept without use; 0: none, or for ever
  int database = 0;
  // A repeat under the same key, of what has the same digest, adds nothing: it may be sent again.
  std::string idempotency_key;       // empty: none
  std::string digest;                // empty: not to be compared
  std::uint64_t idempotency_ms = 0;  // for how long
  std::uint64_t replay_ms = 0;  // new subscribers are given the (last) entry for so long; 0: not
  std::string request;          // id of the request; empty: of no concern
  std::uint64_t keep_requests = 0;  // beside the stream, of so many publishes
  bool unique_ids = true;           // an id that no other stream has (schema.hpp, Ids)
};

struct PublishOrder : PublishTerms {
  std::vector<std::pair<std::string, std::string>> fields;
};

// Entries of the same fields.
struct BatchOrder : PublishTerms {
  std::vector<std::string> names;
  std::vector<std::string> values;  // of each entry in turn, as many as there are names
};

// keys, then what the caller appends to `arguments`.
redis::Command script_call(const redis::Script& script, std::vector<std::string> keys,
                           redis::Repeat repeat);

redis::Command publish_batch_command(BatchOrder order);

struct HistoryOrder {
  std::string stream;
  std::optional<EntryId> after;
  std::optional<EntryId> before;
  std::uint64_t count = 0;
  std::string field;  // of which `value` is asked for; empty: all entries
  std::string value;
};
inline constexpr std::size_t kHistoryBytes = 4 * 1024 * 1024;  // of one page
inline constexpr std::size_t kHistoryLook = 10'000;            // entries, for one page

redis::Command history_command(const HistoryOrder& order);
redis::Command publish_command(PublishOrder order);
redis::Command backlog_command(std::string_view stream, std::string_view group);
redis::Command status_command(std::string_view stream, std::string_view group);
redis::Command clear_command(std::string_view stream);

// A write that changes nothing, and is refused as every other write would be: an XADD to a stream
// that is not there, and that it must not make.
redis::Command readiness_command();
// What its outcome says. kUnavailable has the reason for people.
Result<void> readiness_of(const Result<redis::Reply>& outcome);
// Why there is no link, from the text that it has of its end.
Error unreachable(std::string_view last_error);

struct RemindOrder {
  std::string_view environment;
  std::string_view stream;
  std::uint64_t after_ms = 0;
  std::uint64_t most = 0;
};
inline constexpr int kRemindersAtOnce = 1000;  // of one environment

redis::Command remind_command(const RemindOrder& order);

// What to tell a client of an error reply. Errors that pass by themselves, or that an operator must
// see to, are kUnavailable; the others kInternal.
Error error_of(const redis::Reply& reply);

// The same for a command that got no reply: for clients, without where Redis is and why it is away.
Error error_of(const Error& failure);

}  // namespace notify
