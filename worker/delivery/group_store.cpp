#include "worker/delivery/group_store.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "shared/model/request_id.hpp"
#include "shared/redis/page.hpp"
#include "shared/redis/schema.hpp"

namespace notify::worker {
namespace {

using redis::Reply;
using std::chrono::milliseconds;

namespace scripts = redis::scripts;

constexpr milliseconds kNoWait{0};
constexpr milliseconds kBeginWait{1'000};
constexpr milliseconds kSettleWait{10'000};
constexpr std::size_t kDeadLetters = 10'000;  // about; per stream

Error unexpected(std::string_view script) {
  return {ErrorKind::kInternal, "unexpected answer of " + std::string(script)};
}

// Answers of those that have nothing to say but whether it worked.
redis::Completion ignore(std::function<void()> done) {
  return [done = std::move(done)](const Result<Reply>&) { done(); };
}

void append(std::vector<std::string>& arguments, const Fields& fields) {
  for (const auto& [name, value] : fields) {
    arguments.push_back(name);
    arguments.push_back(value);
  }
}

// The value of a name in [name, value, name, value, …].
Reply member(const Reply& pairs, std::string_view name) {
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    if (pairs[i].text() == name) {
      return pairs[i + 1];
    }
  }
  return Reply(nullptr);
}

}  // namespace

GroupStore::GroupStore(redis::Client& client, std::string stream, std::string group,
                       std::string token)
    : calls_(client),
      stream_(std::move(stream)),
      group_(std::move(group)),
      token_(std::move(token)),
      due_key_(redis::side_key(stream_, "due")),
      dead_key_(redis::side_key(stream_, "dead")),
      mark_key_(redis::side_key(stream_, "mark:" + group_)),
      requests_key_(redis::requests_key(stream_)) {}

std::string GroupStore::lease_key(const std::string& consumer) const {
  return redis::side_key(stream_, "lease:" + consumer);
}

// ---- group and names ----------------------------------------------------------------------------

void GroupStore::ensure_group(Done<GroupState> done) {
  calls_.script(scripts::group, {stream_, mark_key_, due_key_}, {group_}, kNoWait,
                [done = std::move(done)](const Result<Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  const auto what = (*reply)[0].integer();
                  if (!what) {
                    return done(unexpected("group"));
                  }
                  done(GroupState{*what != 0, *what == 2, std::string((*reply)[1].text())});
                });
}

void GroupStore::lease(const std::vector<std::string>& names, milliseconds ttl,
                       Done<std::size_t> done) {
  std::vector<std::string> keys;
  keys.reserve(names.size());
  for (const auto& name : names) {
    keys.push_back(lease_key(name));
  }
  calls_.script(scripts::lease, std::move(keys), {token_, std::to_string(ttl.count())}, kNoWait,
                [done = std::move(done), count = names.size()](const Result<Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  const auto place = reply->integer();
                  if (!place || *place < 0 || static_cast<std::size_t>(*place) > count) {
                    return done(unexpected("lease"));
                  }
                  done(static_cast<std::size_t>(*place));
                });
}

void GroupStore::release(const std::string& name, std::function<void()> done) {
  calls_.script(scripts::lease, {lease_key(name)}, {token_, "0"}, kNoWait, ignore(std::move(done)));
}

// ---- one delivery -------------------------------------------------------------------------------

void GroupStore::begin(const Delivery& delivery, const std::optional<Tracking>& tracking,
                       std::function<void(Result<Begin>)> done) {
  std::vector<std::string> keys{stream_, lease_key(delivery.consumer), due_key_};
  std::vector<std::string> arguments{group_, delivery.consumer, token_,
                                     format_entry_id(delivery.entry.id),
                                     std::to_string(delivery.attempts)};
  if (tracking) {
    keys.push_back(tracking->record);
    append(arguments, tracking->fields);
  }
  calls_.script(scripts::attempt, std::move(keys), std::move(arguments), kBeginWait,
                [done = std::move(done)](const Result<Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  const auto answer = reply->text();
                  done(answer == "ok"        ? Begin::kOk
                       : answer == "gone"    ? Begin::kGone
                       : answer == "trimmed" ? Begin::kTrimmed
                       : answer == "lost"    ? Begin::kLost
                                             : Begin::kFailed);
                });
}

void GroupStore::settle(const Delivery& delivery, const std::optional<Tracking>& tracking,
                        const Settlement& settlement, std::function<void(Result<Settled>)> done) {
  const auto id = format_entry_id(delivery.entry.id);
  const auto lease = lease_key(delivery.consumer);
  const auto attempts = std::to_string(settlement.attempts);
  // 0 and '' say that it was not ours to settle any more.
  auto completion = [done = std::move(done)](const Result<Reply>& reply) {
    if (!reply) {
      return done(reply.error());
    }
    const auto number = reply->integer();
    done(number ? (*number != 0 ? Settled::kApplied : Settled::kStale)
                : (reply->text().empty() ? Settled::kStale : Settled::kApplied));
  };
  switch (settlement.kind) {
    case SettleKind::kDone: {
      std::vector<std::string> keys{stream_, due_key_};
      std::vector<std::string> arguments{group_, id};
      if (tracking) {
        keys.insert(keys.end(), {tracking->record, tracking->waiting});
        arguments.insert(arguments.end(),
                         {tracking->name, std::to_string(tracking->remind_after.count())});
        append(arguments, settlement.facts);
      }
      calls_.script(scripts::settle_done, std::move(keys), std::move(arguments), kSettleWait,
                    std::move(completion));
      break;
    }
    case SettleKind::kLater:
      calls_.script(scripts::settle_later, {stream_, due_key_, lease},
                    {group_, delivery.consumer, token_, id, attempts,
                     std::to_string(settlement.delay.count())},
                    kSettleWait, std::move(completion));
      break;
    case SettleKind::kDead:
      calls_.script(scripts::settle_dead, {stream_, dead_key_, due_key_, lease},
                    {group_, delivery.consumer, token_, id, settlement.why, attempts,
                     std::to_string(kDeadLetters)},
                    kSettleWait, std::move(completion));
      break;
  }
}

// ---- into our hands -----------------------------------------------------------------------------

void GroupStore::due(const std::string& consumer, std::size_t limit, Done<Handed> done) {
  calls_.script(scripts::due, {stream_, due_key_, lease_key(consumer)},
                {group_, consumer, token_, std::to_string(limit)}, kNoWait,
                [this, consumer, done = std::move(done)](const Result<Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  auto handed = parse_handed(*reply, consumer);
                  if (handed && handed->state == Handed::State::kOk) {
                    handed->next_due_ms = (*reply)[1].integer().value_or(-1);
                  }
                  hand_over(std::move(handed), done);
                });
}

void GroupStore::reclaim(const std::string& consumer, const std::string& from,
                         milliseconds least_idle, const std::string& page, std::size_t limit,
                         Done<Handed> done) {
  calls_.script(scripts::reclaim, {stream_, due_key_, lease_key(consumer), lease_key(from)},
                {group_, consumer, token_, from, std::to_string(least_idle.count()), page,
                 std::to_string(limit)},
                kNoWait, [this, consumer, done = std::move(done)](const Result<Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  auto handed = parse_handed(*reply, consumer);
                  if (handed) {
                    handed->next_page = (*reply)[1].text();
                  }
                  hand_over(std::move(handed), done);
                });
}

void GroupStore::hand_over(Result<Handed> handed, const Done<Handed>& done) {
  if (!handed || handed->deliveries.empty()) {
    return done(std::move(handed));
  }
  auto deliveries = std::exchange(handed->deliveries, {});
  identify(std::move(deliveries), [done, kept = std::move(*handed)](std::vector<Delivery> known) {
    Handed complete = kept;
    complete.deliveries = std::move(known);
    done(std::move(complete));
  });
}

void GroupStore::identify(std::vector<Delivery> deliveries,
                          std::function<void(std::vector<Delivery>)> done) {
  std::vector<std::string> ids;
  for (auto& delivery : deliveries) {
    if (const auto* field = delivery.entry.find(redis::kRequestField)) {
      delivery.request = is_request_id(*field) ? *field : std::string();
    } else {
      ids.push_back(format_entry_id(delivery.entry.id));
    }
  }
  if (ids.empty()) {
    return done(std::move(deliveries));
  }
  const auto kept = std::make_shared<std::vector<Delivery>>(std::move(deliveries));
  calls_.script(scripts::requests, {requests_key_}, std::move(ids), kNoWait,
                [kept, done = std::move(done)](const Result<Reply>& reply) {
                  std::size_t next = 0;
                  for (auto& delivery : *kept) {
                    if (reply && delivery.entry.find(redis::kRequestField) == nullptr) {
                      const auto request = (*reply)[next++].text();
                      delivery.request = is_request_id(request) ? request : std::string_view{};
                    }
                  }
                  done(std::move(*kept));
                });
}

// {state, what comes next, {{id, attempts, fields}…}, {id…}}
Result<Handed> GroupStore::parse_handed(const Reply& reply, const std::string& consumer) const {
  Handed handed;
  const auto state = reply[0].text();
  if (state == "lost" || state == "held") {
    handed.state = state == "lost" ? Handed::State::kLost : Handed::State::kHeld;
    return handed;
  }
  if (state != "ok") {
    return unexpected("due or reclaim");
  }
  for (std::size_t i = 0; i < reply[2].size(); ++i) {
    const auto item = reply[2][i];
    const auto id = parse_entry_id(item[0].text());
    const auto attempts = item[1].integer();
    if (!id || !attempts) {
      return unexpected("due or reclaim");
    }
    Delivery delivery{stream_, group_, consumer, Entry{*id, {}}, 0};
    delivery.attempts = static_cast<unsigned>(std::clamp<std::int64_t>(*attempts, 0, 1'000'000));
    const auto fields = item[2];
    for (std::size_t field = 0; field + 1 < fields.size(); field += 2) {
      delivery.entry.fields.emplace_back(fields[field].text(), fields[field + 1].text());
    }
    handed.deliveries.push_back(std::move(delivery));
  }
  for (std::size_t i = 0; i < reply[3].size(); ++i) {
    handed.trimmed.emplace_back(reply[3][i].text());
  }
  return handed;
}

// ---- upkeep -------------------------------------------------------------------------------------

void GroupStore::consumers(Done<std::vector<ConsumerInfo>> done) {
  redis::Command command;
  command.arguments = {"XINFO", "CONSUMERS", stream_, group_};
  calls_.command(std::move(command), [done = std::move(done)](const Result<Reply>& reply) {
    if (!reply) {
      return done(reply.error());
    }
    std::vector<ConsumerInfo> consumers;
    for (std::size_t i = 0; i < reply->size(); ++i) {
      const auto row = (*reply)[i];
      consumers.push_back({std::string(member(row, "name").text()),
                           member(row, "pending").integer().value_or(0),
                           member(row, "idle").integer().value_or(0)});
    }
    done(std::move(consumers));
  });
}

void GroupStore::forget_consumer(const std::string& name, milliseconds least_idle,
                                 Done<bool> done) {
  calls_.script(scripts::forget, {stream_, lease_key(name)},
                {group_, name, std::to_string(least_idle.count())}, kNoWait,
                [done = std::move(done)](const Result<Reply>& reply) {
                  if (!reply) {
                    return done(reply.error());
                  }
                  done(reply->integer() == 1);
                });
}

void GroupStore::keep_mark(std::function<void(Result<void>)> done) {
  calls_.script(scripts::mark, {stream_, mark_key_}, {group_}, kNoWait,
                [done = std::move(done)](const Result<Reply>& reply) {
                  done(reply ? Result<void>() : Result<void>(reply.error()));
                });
}

}  // namespace notify::worker
