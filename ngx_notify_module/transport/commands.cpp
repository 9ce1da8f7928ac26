#include "ngx_notify_module/transport/commands.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "shared/redis/link_fsm.hpp"
#include "shared/redis/schema_notices.hpp"

namespace notify {

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

namespace {

bool is_repeatable(const PublishTerms& terms) { return !terms.idempotency_key.empty(); }

// Both scripts that publish have the same keys.
redis::Command publish_call(const redis::Script& script, const PublishTerms& terms) {
  std::vector<std::string> keys = {terms.stream};
  if (is_repeatable(terms)) {
    keys.push_back(redis::idempotency_key(terms.stream, terms.idempotency_key));
  }
  if (terms.replay_ms > 0) {
    keys.push_back(redis::latest_key(terms.stream));
  }
  if (terms.keep_requests > 0) {
    keys.push_back(redis::requests_key(terms.stream));
  }
  return script_call(script, std::move(keys),
                     is_repeatable(terms) ? redis::Repeat::kSafe : redis::Repeat::kNever);
}

Error no_writes(std::string_view code) {
  return {ErrorKind::kUnavailable, "Redis does not take writes now (" + std::string(code) + ")"};
}

std::string idempotency_ms(const PublishTerms& terms) {
  return is_repeatable(terms) ? std::to_string(terms.idempotency_ms) : "0";
}

// nginx seeds the generator differently in each worker.
std::string digits_for(const PublishTerms& terms) {
  return terms.unique_ids ? redis::id_digits(static_cast<std::uint32_t>(::random())) : "";
}

}  // namespace

redis::Command publish_command(PublishOrder order) {
  redis::Command command = publish_call(redis::scripts::publish, order);
  auto& arguments = command.arguments;
  arguments.reserve(arguments.size() + 10 + 2 * order.fields.size());
  arguments.push_back(std::to_string(order.retain_count));
  arguments.push_back(order.inbox_ms > 0 ? "-" + std::to_string(order.inbox_ms)
                                         : std::to_string(order.retain_ms));
  arguments.push_back(redis::bell_channel(order.stream, order.database));
  arguments.push_back(std::to_string(redis::kBellInlineLimit));
  arguments.push_back(idempotency_ms(order));
  arguments.push_back(order.digest);
  arguments.push_back(std::to_string(order.replay_ms));
  arguments.push_back(order.request);
  arguments.push_back(std::to_string(order.keep_requests));
  arguments.push_back(digits_for(order));
  for (auto& field : order.fields) {
    arguments.push_back(std::move(field.first));
    arguments.push_back(std::move(field.second));
  }
  return command;
}

redis::Command publish_batch_command(BatchOrder order) {
  constexpr int kMaxBells = 100;
  redis::Command command = publish_call(redis::scripts::publish_batch, order);
  auto& arguments = command.arguments;
  arguments.reserve(arguments.size() + 12 + order.names.size() + order.values.size());
  arguments.push_back(std::to_string(order.retain_count));
  arguments.push_back(std::to_string(order.retain_ms));
  arguments.push_back(redis::bell_channel(order.stream, order.database));
  arguments.push_back(std::to_string(redis::kBellInlineLimit));
  arguments.push_back(std::to_string(kMaxBells));
  arguments.push_back(idempotency_ms(order));
  arguments.push_back(order.digest);
  arguments.push_back(std::to_string(order.replay_ms));
  arguments.push_back(order.request);
  arguments.push_back(std::to_string(order.keep_requests));
  arguments.push_back(digits_for(order));
  arguments.push_back(std::to_string(order.names.size()));
  for (auto* texts : {&order.names, &order.values}) {
    for (std::string& text : *texts) {
      arguments.push_back(std::move(text));
    }
  }
  return command;
}

redis::Command history_command(const HistoryOrder& order) {
  redis::Command command =
      script_call(redis::scripts::history, {order.stream}, redis::Repeat::kSafe);
  command.reads = kHistoryBytes;
  for (std::string argument :
       {order.after ? format_entry_id(*order.after) : "",
        order.before ? format_entry_id(*order.before) : "", std::to_string(order.count),
        order.field, order.value, std::to_string(kHistoryBytes), std::to_string(kHistoryLook)}) {
    command.arguments.push_back(std::move(argument));
  }
  return command;
}

redis::Command backlog_command(std::string_view stream, std::string_view group) {
  redis::Command command =
      script_call(redis::scripts::backlog, {std::string(stream)}, redis::Repeat::kSafe);
  command.arguments.emplace_back(group);
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

// Not to be repeated by itself: what the first one made would not be counted.
redis::Command remind_command(const RemindOrder& order) {
  redis::Command command = script_call(
      redis::scripts::remind,
      {redis::pending_notifications(order.environment), redis::notices_stream(order.stream)},
      redis::Repeat::kNever);
  for (std::string argument : {std::string(redis::kNotificationMeta),
                               std::string(redis::kNoticesGroup), std::to_string(order.after_ms),
                               std::to_string(order.most), std::to_string(kRemindersAtOnce)}) {
    command.arguments.push_back(std::move(argument));
  }
  return command;
}

redis::Command readiness_command() {
  redis::Command command;
  command.arguments = {
      "XADD", std::string(redis::kReadinessKey), "NOMKSTREAM", "MAXLEN", "1", "*", "field",
      "value"};
  return command;
}

Result<void> readiness_of(const Result<redis::Reply>& outcome) {
  if (!outcome) {
    return outcome.error().kind == ErrorKind::kUnavailable
               ? unreachable(outcome.error().message)
               : Error{ErrorKind::kUnavailable, "Redis does not answer"};
  }
  // Another error (an ACL, a node of a cluster) is an answer, and says nothing about other streams.
  if (outcome->is_error() && error_of(*outcome).kind == ErrorKind::kUnavailable) {
    return error_of(*outcome);
  }
  return {};
}

Error unreachable(std::string_view last_error) {
  const std::string_view code = last_error.substr(0, last_error.find(' '));
  return redis::is_demotion(code) ? no_writes(code)
                                  : Error{ErrorKind::kUnavailable, "Redis is unreachable"};
}

Error error_of(const redis::Reply& reply) {
  constexpr std::array<std::string_view, 10> kPassing{
      "OOM",      "MISCONF",     "READONLY",   "LOADING",    "BUSY",
      "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "NOREPLICAS", "UNBLOCKED"};
  const std::string_view code = reply.error_code();
  if (std::find(kPassing.begin(), kPassing.end(), code) != kPassing.end()) {
    return no_writes(code);
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
