#pragma once

// What is counted: the names that Prometheus sees, and what they mean. One row for each value; rows
// of one metric (its labels differ) stand together.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace notify::metrics {

enum class Counter : std::uint8_t {
  kPublished,
  kPublishRepeated,
  kPublishRefused,
  kPublishUnavailable,
  kDelivered,
  kConsumed,
  kReplayNew,
  kReplayRing,
  kReplayRedis,
  kReplayGap,
  kGaps,
  kCatchUps,
  kFellBehind,
  kCloseClient,  // in the order of Outlet::CloseReason
  kCloseSlow,
  kCloseError,
  kCloseDrain,
  kCloseExpired,
  kCloseHeld,
  kCloseRefused,
  kCloseGroupLost,
  kCloseLeaseLost,
  kCloseProtocol,
  kCloseSilent,
  kAuthRefused,
  kAuthForbidden,
  kAuthLimited,
  kReclaimed,
  kFinished,
  kTrimmed,
  kDead,
  kGroupsLost,
  kLeasesLost,
  kQueueFailures,
  kCommandLinks,
  kSubscriptionLinks,
  kEnd
};

enum class Gauge : std::uint8_t {
  kSubscribers,
  kReplaying,
  kStreams,
  kConsumers,
  kInFlight,
  kGroups,
  kCommandsUp,
  kSubscriptionsUp,
  kEnd
};

struct Row {
  std::string_view name;   // without notify_
  std::string_view label;  // name="value", or empty
  std::string_view help;
};

inline constexpr std::size_t kCounters = static_cast<std::size_t>(Counter::kEnd);
inline constexpr std::size_t kGauges = static_cast<std::size_t>(Gauge::kEnd);

inline constexpr std::array<Row, kCounters> kCounterRows{{
    {"publishes_total", "result=\"accepted\"", "Entries that publishers brought, by outcome."},
    {"publishes_total", "result=\"repeated\"", ""},
    {"publishes_total", "result=\"refused\"", ""},
    {"publishes_total", "result=\"unavailable\"", ""},
    {"deliveries_total", "kind=\"subscriber\"", "Entries handed to clients that stay."},
    {"deliveries_total", "kind=\"consumer\"", ""},
    {"replays_total", "from=\"new\"", "Streams that ended or go on, by how they began."},
    {"replays_total", "from=\"ring\"", ""},
    {"replays_total", "from=\"redis\"", ""},
    {"replays_total", "from=\"gap\"", ""},
    {"gaps_total", "", "Times that a stream had to say that something was lost."},
    {"catch_ups_total", "", "Times that a stream was read for what its bells had not brought."},
    {"fell_behind_total", "", "Times that a slow subscriber went back to reading from Redis."},
    {"closes_total", "reason=\"client\"", "Streams that ended, by reason."},
    {"closes_total", "reason=\"slow\"", ""},
    {"closes_total", "reason=\"error\"", ""},
    {"closes_total", "reason=\"drain\"", ""},
    {"closes_total", "reason=\"expired\"", ""},
    {"closes_total", "reason=\"held\"", ""},
    {"closes_total", "reason=\"refused\"", ""},
    {"closes_total", "reason=\"group_lost\"", ""},
    {"closes_total", "reason=\"lease_lost\"", ""},
    {"closes_total", "reason=\"protocol\"", ""},
    {"closes_total", "reason=\"silent\"", ""},
    {"auth_failures_total", "reason=\"unauthorized\"", "Requests that authentication refused."},
    {"auth_failures_total", "reason=\"forbidden\"", ""},
    {"auth_failures_total", "reason=\"limited\"", ""},
    {"queue_reclaimed_total", "", "Work entries given again since they were not finished in time."},
    {"queue_finished_total", "", "Work entries in flight here that were finished."},
    {"queue_trimmed_total", "", "Work entries acknowledged since their text was trimmed away."},
    {"queue_dead_total", "", "Work entries that were delivered too often and went to the dead."},
    {"queue_groups_lost_total", "", "Groups that were deleted under their consumers."},
    {"queue_leases_lost_total", "", "Consumers whose name went to somebody else."},
    {"queue_failures_total", "", "Operations of work queues that failed."},
    {"redis_links_total", "link=\"commands\"", "Connections to Redis that came to be ready."},
    {"redis_links_total", "link=\"subscriptions\"", ""},
}};

inline constexpr std::array<Row, kGauges> kGaugeRows{{
    {"subscribers", "", "Subscribers that are connected."},
    {"subscribers_replaying", "", "Of these, the ones that are reading from Redis."},
    {"streams", "", "Streams that have subscribers, or had some seconds ago."},
    {"consumers", "", "Consumers of work queues that are connected."},
    {"consumers_in_flight", "", "Work entries that these have not finished."},
    {"consumer_groups", "", "Groups that have consumers, or had some seconds ago."},
    {"redis_up", "link=\"commands\"", "1 while that connection to Redis is ready."},
    {"redis_up", "link=\"subscriptions\"", ""},
}};

// Upper bounds of the buckets, in microseconds, and as Prometheus writes them; the last is +Inf.
struct Bucket {
  std::uint64_t us;
  std::string_view le;
};
inline constexpr std::array<Bucket, 13> kLatency{{
    {100, "0.0001"},
    {250, "0.00025"},
    {500, "0.0005"},
    {1'000, "0.001"},
    {2'500, "0.0025"},
    {5'000, "0.005"},
    {10'000, "0.01"},
    {25'000, "0.025"},
    {50'000, "0.05"},
    {100'000, "0.1"},
    {500'000, "0.5"},
    {2'000'000, "2"},
    {~std::uint64_t{0}, "+Inf"},
}};

}  // namespace notify::metrics
