#include "ngx_notify_module/upstream/queue_source.hpp"

#include <chrono>
#include <utility>

#include "ngx_notify_module/queue/source.hpp"
#include "ngx_notify_module/transport/commands.hpp"
#include "ngx_notify_module/upstream/queue_replies.hpp"
#include "shared/redis/schema.hpp"

namespace notify {
namespace {

using queue::Name;
using queue::Settings;
using queue::Ticket;
using redis::Repeat;

// What may be repeated waits so long for a link that is away.
constexpr redis::Milliseconds kWait{2000};
constexpr std::size_t kOwedAtOnce = 256;
constexpr std::chrono::milliseconds kOwedDelay{250};
constexpr std::size_t kTakeBytes = queue::Limits{}.take_bytes;
constexpr std::size_t kDeadLetters = 10'000;  // about; the worker keeps as many

std::string leases_key(const Name& name) {
  return redis::group_key(name.stream, redis::kLeasesKind, name.group);
}

void append(redis::Command& command, std::string_view text) {
  command.arguments.emplace_back(text);
}

void append(redis::Command& command, std::uint64_t number) {
  command.arguments.push_back(std::to_string(number));
}

void append(redis::Command& command, const queue::Member& member) {
  append(command, member.consumer);
  append(command, member.token);
}

void append(redis::Command& command, std::span<const queue::Order> orders) {
  command.arguments.reserve(command.arguments.size() + 4 * orders.size());
  for (const queue::Order& order : orders) {
    append(command, order.member);
    append(command, order.in_flight);
    append(command, order.count);
  }
}

}  // namespace

QueueSource::QueueSource(redis::Client& commands, Subscriptions& subscriptions, int database,
                         queue::Watcher& watcher)
    : commands_(commands),
      subscriptions_(subscriptions),
      database_(database),
      watcher_(watcher),
      bells_(*this),
      controls_(*this),
      presence_(commands),
      owed_timer_(EventTimer::kCancelable, [this] { give_back_owed(); }),
      self_(std::make_shared<QueueSource*>(this)) {}

template <class Fact>
void QueueSource::send(redis::Command&& command, Fact fact) {
  command.sender = redis::Sender::kProduct;
  commands_
      .submit(std::move(command),
              [alive = std::weak_ptr(self_),
               fact = std::move(fact)](const Result<redis::Reply>& reply) {
                const auto self = alive.lock();
                if (self != nullptr && (*self)->queues_ != nullptr) {
                  fact(**self, *(*self)->queues_, reply);
                }
              })
      .release();
}

// ---- channels -----------------------------------------------------------------------------------

void QueueSource::watch(std::string_view stream) {
  subscriptions_.add(redis::bell_channel(stream, database_), bells_, std::string(stream));
}

void QueueSource::unwatch(std::string_view stream) {
  subscriptions_.remove(redis::bell_channel(stream, database_), bells_);
}

void QueueSource::listen(const Name& name) {
  subscriptions_.add(redis::control_channel(name.stream, name.group, database_), controls_,
                     redis::queue_pair(name.stream, name.group));
}

void QueueSource::unlisten(const Name& name) {
  subscriptions_.remove(redis::control_channel(name.stream, name.group, database_), controls_);
}

void QueueSource::Bells::on_subscribed(std::string_view stream) {
  if (source.queues_ != nullptr) {
    source.queues_->on_watching(stream);
  }
}

void QueueSource::Bells::on_message(std::string_view stream, std::string_view payload) {
  const std::optional<EntryId> id = redis::parse_bell_id(payload);
  if (id && source.queues_ != nullptr) {
    source.queues_->on_bell(stream, *id);
  }
}

void QueueSource::Controls::on_subscribed(std::string_view pair) {
  const auto name = redis::parse_queue_pair(pair);
  if (name && source.queues_ != nullptr) {
    source.queues_->on_listening({name->first, name->second});
  }
}

void QueueSource::Controls::on_message(std::string_view pair, std::string_view payload) {
  const auto name = redis::parse_queue_pair(pair);
  if (name && source.queues_ != nullptr) {
    source.queues_->on_control({name->first, name->second}, payload);
  }
}

// ---- names --------------------------------------------------------------------------------------

// The group first, then the name in it; that one's answer is the last one.
void QueueSource::join(Ticket ticket, const Name& name, const queue::Lease& lease,
                       const Settings& settings) {
  auto restored = std::make_shared<Result<bool>>(false);
  presence_.show();  // before a name is this worker's

  redis::Command group = script_call(
      redis::scripts::group,
      {std::string(name.stream), redis::group_key(name.stream, redis::kMarkKind, name.group),
       redis::group_due_key(name.stream, name.group)},
      Repeat::kSafe);
  append(group, name.group);
  group.wait = kWait;
  send(std::move(group),
       [restored](QueueSource&, queue::Queues&, const Result<redis::Reply>& reply) {
         *restored = parse_restored(reply);
       });

  redis::Command settle;
  settle.arguments = {"HSET", std::string(redis::kQueuesKey),
                      redis::queue_pair(name.stream, name.group),
                      redis::format_queue_settings(settings)};
  settle.repeat = Repeat::kSafe;
  settle.wait = kWait;
  send(std::move(settle), [](QueueSource&, queue::Queues&, const Result<redis::Reply>&) {});

  redis::Command join = script_call(redis::scripts::join, {leases_key(name)}, Repeat::kSafe);
  append(join, lease.member);
  append(join, lease.limit);
  append(join, redis::kLeaseMs);
  append(join, lease.gone);
  join.wait = kWait;
  send(std::move(join), [ticket, restored](QueueSource& self, queue::Queues& queues,
                                           const Result<redis::Reply>& reply) {
    Result<queue::Joined> joined =
        *restored ? parse_joined(reply) : Result<queue::Joined>(restored->error());
    if (joined) {
      joined->restored = **restored;
    }
    if (joined && joined->held && !redis::worker_of(joined->holder).empty()) {
      self.ask_for_sign(ticket, std::move(*joined));
    } else {
      queues.on_joined(ticket, joined);
    }
  });
}

// A holder of an older version gives no sign: its lease has to lapse.
void QueueSource::ask_for_sign(Ticket ticket, queue::Joined joined) {
  redis::Command command;
  command.arguments = {"GET", redis::alive_key(redis::worker_of(joined.holder))};
  command.repeat = Repeat::kSafe;
  command.wait = kWait;
  send(std::move(command), [ticket, joined = std::move(joined)](QueueSource&, queue::Queues& queues,
                                                                const Result<redis::Reply>& reply) {
    queue::Joined told = joined;
    if (failure_of(reply)) {
      told.holder.clear();
    } else {
      told.sign = reply->text();
    }
    queues.on_joined(ticket, told);
  });
}

void QueueSource::renew(Ticket ticket, const Name& name, std::span<const queue::Lease> leases) {
  presence_.show();
  redis::Command command = script_call(redis::scripts::renew, {leases_key(name)}, Repeat::kSafe);
  append(command, redis::kLeaseMs);
  for (const queue::Lease& lease : leases) {
    append(command, lease.member);
    append(command, lease.limit);
  }
  command.wait = kWait;
  send(std::move(command), [ticket, asked = leases.size()](QueueSource&, queue::Queues& queues,
                                                           const Result<redis::Reply>& reply) {
    queues.on_renewed(ticket, parse_renewed(reply, asked));
  });
}

void QueueSource::leave(const Name& name, const queue::Member& member) {
  give_back({std::string(name.stream), std::string(name.group), std::string(member.consumer),
             std::string(member.token), ngx_current_msec + redis::kLeaseMs});
}

// Also where the name may never have been taken: a join whose client was told that Redis is away
// may still be executed.
void QueueSource::give_back(OwedName name) {
  redis::Command command = script_call(
      redis::scripts::leave, {name.stream, leases_key({name.stream, name.group})}, Repeat::kSafe);
  append(command, name.group);
  append(command, queue::Member{name.consumer, name.token});
  command.wait = kWait;
  send(std::move(command), [name = std::move(name)](QueueSource& self, queue::Queues&,
                                                    const Result<redis::Reply>& reply) {
    const std::optional<Error> failure = failure_of(reply);
    if (failure && (!reply || failure->kind == ErrorKind::kUnavailable)) {
      self.owed_.add(name);
      if (!self.owed_timer_.armed()) {
        self.owed_timer_.arm(kOwedDelay);
      }
    }
  });
}

void QueueSource::give_back_owed() {
  for (std::size_t i = 0; i < kOwedAtOnce && commands_.ready(); ++i) {
    std::optional<OwedName> name = owed_.next(ngx_current_msec);
    if (!name) {
      return;
    }
    give_back(std::move(*name));
  }
  if (!owed_.empty()) {
    owed_timer_.arm(kOwedDelay);
  }
}

// ---- entries ------------------------------------------------------------------------------------

// What was given to somebody is pending from here on. Where it cannot be registered since Redis
// refuses (an ACL does, or a key of another type), it is handed on all the same: it can be finished
// by its long path, and giving it to nobody would use up the stream.
template <class Answer>
void QueueSource::hand_on(const Name& name, const Settings& settings, Result<Answer> answer,
                          std::function<void(queue::Queues&, Result<Answer>)> fact) {
  std::vector<std::string> keys;
  if (answer) {
    for (const queue::Share& share : answer->shares) {
      for (const Entry& entry : share.entries) {
        keys.push_back(redis::inflight_key(entry.id));
      }
    }
  }
  if (keys.empty()) {
    fact(*queues_, std::move(answer));
    return;
  }
  redis::Command command = script_call(redis::scripts::inflight, std::move(keys), Repeat::kSafe);
  append(command, redis::queue_pair(name.stream, name.group));
  append(command, settings.ack_timeout_ms);
  command.wait = kWait;
  // Shared, since a completion is to be copyable.
  send(std::move(command),
       [kept = std::make_shared<Result<Answer>>(std::move(answer)), fact = std::move(fact),
        stream = std::string(name.stream), group = std::string(name.group)](
           QueueSource& self, queue::Queues& queues, const Result<redis::Reply>& reply) {
         if (!reply) {
           fact(queues, Error{ErrorKind::kUnknownOutcome, reply.error().message});
           return;
         }
         if (reply->is_error()) {
           self.watcher_.operation_failed({stream, group}, error_of(*reply));
         }
         fact(queues, std::move(*kept));
       });
}

void QueueSource::take(Ticket ticket, const Name& name, std::span<const queue::Order> orders,
                       const Settings& settings) {
  redis::Command command = script_call(
      redis::scripts::take, {std::string(name.stream), leases_key(name)}, Repeat::kNever);
  command.reads = kTakeBytes;
  append(command, name.group);
  append(command, kTakeBytes);
  append(command, orders);
  send(std::move(command),
       [ticket, asked = orders.size(), settings, stream = std::string(name.stream),
        group = std::string(name.group)](QueueSource& self, queue::Queues&,
                                         const Result<redis::Reply>& reply) {
         self.hand_on<queue::Taken>({stream, group}, settings, parse_taken(reply, asked),
                                    [ticket](queue::Queues& queues, Result<queue::Taken> taken) {
                                      queues.on_taken(ticket, std::move(taken));
                                    });
       });
}

void QueueSource::claim(Ticket ticket, const Name& name, EntryId cursor,
                        std::span<const queue::Order> orders, const Settings& settings) {
  redis::Command command = script_call(
      redis::scripts::claim,
      {std::string(name.stream), leases_key(name), redis::side_key(name.stream, "dead")},
      Repeat::kNever);
  command.reads = kTakeBytes;
  append(command, name.group);
  append(command, redis::control_channel(name.stream, name.group, database_));
  append(command, settings.ack_timeout_ms);
  append(command, settings.max_deliveries);
  append(command, kDeadLetters);
  append(command, format_entry_id(cursor));
  append(command, kTakeBytes);
  append(command, orders);
  send(std::move(command), [ticket, asked = orders.size(), settings,
                            stream = std::string(name.stream),
                            group = std::string(name.group)](QueueSource& self, queue::Queues&,
                                                             const Result<redis::Reply>& reply) {
    self.hand_on<queue::Claimed>({stream, group}, settings, parse_claimed(reply, asked),
                                 [ticket](queue::Queues& queues, Result<queue::Claimed> claimed) {
                                   queues.on_claimed(ticket, std::move(claimed));
                                 });
  });
}

void QueueSource::audit(Ticket ticket, const Name& name, std::span<const queue::Holding> holdings) {
  redis::Command command =
      script_call(redis::scripts::audit, {std::string(name.stream)}, Repeat::kSafe);
  append(command, name.group);
  for (const queue::Holding& holding : holdings) {
    append(command, holding.consumer);
    append(command, format_entry_id(holding.id));
  }
  command.wait = kWait;
  send(std::move(command), [ticket, asked = holdings.size()](QueueSource&, queue::Queues& queues,
                                                             const Result<redis::Reply>& reply) {
    queues.on_audited(ticket, parse_audited(reply, asked));
  });
}

// Without waiting: how long ago something was given is of interest, and it is asked again.
void QueueSource::recall(Ticket ticket, const Name& name, std::uint64_t recent_ms,
                         std::span<const queue::Member> members) {
  redis::Command command = script_call(
      redis::scripts::recall, {std::string(name.stream), leases_key(name)}, Repeat::kNever);
  append(command, name.group);
  append(command, recent_ms);
  for (const queue::Member& member : members) {
    append(command, member);
  }
  send(std::move(command), [ticket, asked = members.size()](QueueSource&, queue::Queues& queues,
                                                            const Result<redis::Reply>& reply) {
    queues.on_recalled(ticket, parse_recalled(reply, asked));
  });
}

void QueueSource::requeue(const Name& name, std::string_view consumer,
                          std::span<const EntryId> ids) {
  redis::Command command =
      script_call(redis::scripts::requeue, {std::string(name.stream)}, Repeat::kNever);
  append(command, name.group);
  append(command, redis::control_channel(name.stream, name.group, database_));
  append(command, consumer);
  for (const EntryId& id : ids) {
    append(command, format_entry_id(id));
  }
  command.wait = kWait;
  send(std::move(command), [](QueueSource&, queue::Queues&, const Result<redis::Reply>&) {});
}

void QueueSource::mark(const Name& name) {
  redis::Command command = script_call(
      redis::scripts::mark,
      {std::string(name.stream), redis::group_key(name.stream, redis::kMarkKind, name.group)},
      Repeat::kSafe);
  append(command, name.group);
  command.wait = kWait;
  send(std::move(command), [](QueueSource&, queue::Queues&, const Result<redis::Reply>&) {});
}

}  // namespace notify
