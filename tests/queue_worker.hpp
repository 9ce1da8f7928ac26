#pragma once

// The links of one nginx worker to the pretended Redis: what is sent is executed later, in order,
// and answered later still, or never; messages come when they come.

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ngx_notify_module/queue/queues.hpp"
#include "tests/queue_model.hpp"

namespace notify::test {

// Who watches what happens.
class Judge {
 public:
  virtual void fail(const std::string& what) const = 0;
  // These were given to those that were asked for, now.
  virtual void note_given(int group, const std::vector<RedisModel::Asked>& asked,
                          const std::vector<Share>& shares) = 0;

 protected:
  ~Judge() = default;
};

struct ModelWorker : Source, Watcher, Waker {
  virtual ~ModelWorker() = default;
  ModelWorker(RedisModel& a_redis, Judge& a_judge, std::mt19937_64& a_random)
      : redis(a_redis), judge(a_judge), random(a_random) {}

  static std::string name_of(int group) { return group == 0 ? "g" : "h"; }
  static int group_of(const Name& name) { return name.group == "g" ? 0 : 1; }

  struct Command {  // on the command link: executed in order, answered in order
    std::function<void()> execute;
    std::function<void(ModelWorker&, bool failed)> answer;
    bool executed = false;
  };
  struct Message {   // on the subscription link
    int group = -1;  // -1: the bell
    EntryId bell;
    std::string payload;
    bool confirms = false;
  };

  void start();
  void wake() override { awake = true; }
  void wake_in(std::uint64_t) override { gathering = true; }
  void turn();
  void execute_one();
  void answer_one(bool failed);
  void hear();
  void lose_commands();
  void lose_subscription();
  void regain_subscription();

  void watch(std::string_view) override;
  void unwatch(std::string_view) override { watching = false; }
  void listen(const Name& name) override;
  void unlisten(const Name& name) override;
  void join(Ticket ticket, const Name& name, const Lease& lease, const Settings&) override;
  void take(Ticket ticket, const Name& name, std::span<const Order> orders,
            const Settings&) override;
  void claim(Ticket ticket, const Name& name, EntryId cursor, std::span<const Order> orders,
             const Settings&) override;
  void audit(Ticket ticket, const Name& name, std::span<const Holding> holdings) override;
  void recall(Ticket ticket, const Name& name, std::uint64_t recent_ms,
              std::span<const Member> members) override;
  void requeue(const Name& name, std::string_view consumer, std::span<const EntryId> ids) override;
  void renew(Ticket ticket, const Name& name, std::span<const Lease> leases) override;
  void leave(const Name& name, const Member& member) override;
  void mark(const Name& name) override;
  template <class Answer, class Execute, class Fact>
  void send(int operation_of, Ticket ticket, Execute execute, Fact fact);

  void group_lost(const Name&) override {}
  void group_restored(const Name&) override {}
  void entries_dropped(const Name&, std::uint64_t, std::uint64_t) override {}
  void operation_failed(const Name&, const Error&) override {}

  RedisModel& redis;
  Judge& judge;
  std::mt19937_64& random;
  bool awake = false;
  bool gathering = false;
  bool watching = false;
  bool listening[2] = {};
  bool subscribed = true;  // the link is up
  unsigned operations[2] = {};
  std::deque<Command> commands;
  std::deque<Message> messages;
  std::unique_ptr<Queues> queues;
};

// ---- links --------------------------------------------------------------------------------------

inline void ModelWorker::start() {
  Limits limits;
  limits.take_consumers = 2;
  limits.take_entries = 5;
  limits.consumer_entries = 3;
  limits.audit_entries = 2;
  limits.renew_consumers = 2;
  limits.early_ids = 2;
  limits.turn_groups = 1;
  limits.claim_ms = 5'000;
  limits.audit_ms = 5'000;
  limits.linger_ms = 3'000;
  limits.gather_hand = 1;
  limits.gather_part = 1;
  queues = std::make_unique<Queues>(*this, *this, *this, limits);
  queues->tick(redis.now);
}

inline void ModelWorker::turn() {
  if (gathering && random() % 2 == 0) {
    gathering = false;
    queues->gathered();
  }
  if (std::exchange(awake, false)) {
    queues->turn();
  }
}

inline void ModelWorker::execute_one() {
  for (Command& command : commands) {
    if (!command.executed) {
      command.executed = true;
      command.execute();
      return;
    }
  }
}

inline void ModelWorker::answer_one(bool failed) {
  if (commands.empty()) {
    return;
  }
  if (!failed && !commands.front().executed) {
    execute_one();
  }
  Command command = std::move(commands.front());
  commands.pop_front();
  if (command.answer) {
    command.answer(*this, failed);
  }
}

// The link dies: some of what was sent was executed, nothing is answered.
inline void ModelWorker::lose_commands() {
  while (!commands.empty()) {
    if (random() % 2 == 0) {
      execute_one();
    }
    answer_one(true);
  }
}

inline void ModelWorker::hear() {
  if (messages.empty()) {
    return;
  }
  const Message message = std::move(messages.front());
  messages.pop_front();
  const std::string group = message.group < 0 ? "" : name_of(message.group);
  if (message.confirms && message.group < 0) {
    queues->on_watching("s");
  } else if (message.confirms) {
    queues->on_listening({"s", group});
  } else if (message.group < 0) {
    queues->on_bell("s", message.bell);
  } else {
    queues->on_control({"s", group}, message.payload);
  }
}

inline void ModelWorker::lose_subscription() {
  subscribed = false;
  messages.clear();
}

inline void ModelWorker::regain_subscription() {
  if (std::exchange(subscribed, true)) {
    return;
  }
  if (watching) {
    messages.push_back({-1, {}, {}, true});
  }
  for (int group = 0; group < 2; ++group) {
    if (listening[group]) {
      messages.push_back({group, {}, {}, true});
    }
  }
}

inline void ModelWorker::watch(std::string_view) {
  watching = true;
  if (subscribed) {
    messages.push_back({-1, {}, {}, true});
  }
}

inline void ModelWorker::listen(const Name& name) {
  listening[group_of(name)] = true;
  if (subscribed) {
    messages.push_back({group_of(name), {}, {}, true});
  }
}

inline void ModelWorker::unlisten(const Name& name) { listening[group_of(name)] = false; }

// ---- commands -----------------------------------------------------------------------------------

// Executes and answers by `fact`; the answer outlives whoever asked.
template <class Answer, class Execute, class Fact>
void ModelWorker::send(int operation_of, Ticket ticket, Execute execute, Fact fact) {
  if (operation_of >= 0 && ++operations[operation_of] > 1) {
    judge.fail("two operations at a time");
  }
  auto answer = std::make_shared<Answer>();
  commands.push_back({[answer, execute] { *answer = execute(); },
                      [operation_of, ticket, answer, fact](ModelWorker& self, bool failed) {
                        if (operation_of >= 0) {
                          --self.operations[operation_of];
                        }
                        Result<Answer> result = *answer;
                        if (failed) {
                          result = Error{ErrorKind::kUnknownOutcome, "?"};
                        }
                        ((*self.queues).*fact)(ticket, std::move(result));
                      }});
}

inline void ModelWorker::join(Ticket ticket, const Name& name, const Lease& lease,
                              const Settings&) {
  send<Joined>(
      -1, ticket,
      [this, group = group_of(name), consumer = std::string(lease.member.consumer),
       token = std::string(lease.member.token),
       limit = lease.limit] { return redis.join(group, consumer, token, limit); },
      &Queues::on_joined);
}

inline void ModelWorker::leave(const Name& name, const Member& member) {
  commands.push_back({[this, group = group_of(name), consumer = std::string(member.consumer),
                       token = std::string(member.token)] { redis.leave(group, consumer, token); },
                      nullptr});
}

inline void ModelWorker::mark(const Name& name) {
  commands.push_back({[this, group = group_of(name)] { redis.keep_mark(group); }, nullptr});
}

inline void ModelWorker::take(Ticket ticket, const Name& name, std::span<const Order> orders,
                              const Settings&) {
  const int group = group_of(name);
  send<Taken>(
      group, ticket,
      [this, group, asked = RedisModel::copy_of(orders)] {
        Taken answer = redis.take(group, asked);
        judge.note_given(group, asked, answer.shares);
        return answer;
      },
      &Queues::on_taken);
}

inline void ModelWorker::claim(Ticket ticket, const Name& name, EntryId cursor,
                               std::span<const Order> orders, const Settings&) {
  const int group = group_of(name);
  send<Claimed>(
      group, ticket,
      [this, group, cursor, asked = RedisModel::copy_of(orders)] {
        Claimed answer = redis.claim(group, cursor, asked);
        judge.note_given(group, asked, answer.shares);
        return answer;
      },
      &Queues::on_claimed);
}

inline void ModelWorker::audit(Ticket ticket, const Name& name, std::span<const Holding> holdings) {
  const int group = group_of(name);
  std::vector<std::pair<std::string, EntryId>> asked;
  for (const Holding& holding : holdings) {
    asked.emplace_back(holding.consumer, holding.id);
  }
  send<Audited>(
      group, ticket, [this, group, asked] { return redis.audit(group, asked); },
      &Queues::on_audited);
}

inline void ModelWorker::recall(Ticket ticket, const Name& name, std::uint64_t recent_ms,
                                std::span<const Member> members) {
  const int group = group_of(name);
  std::vector<std::pair<std::string, std::string>> asked;
  for (const Member& member : members) {
    asked.emplace_back(member.consumer, member.token);
  }
  send<Recalled>(
      group, ticket,
      [this, group, recent_ms, asked] { return redis.recall(group, recent_ms, asked); },
      &Queues::on_recalled);
}

inline void ModelWorker::requeue(const Name& name, std::string_view consumer,
                                 std::span<const EntryId> ids) {
  commands.push_back({[this, group = group_of(name), consumer = std::string(consumer),
                       these = std::vector<EntryId>(ids.begin(), ids.end())] {
                        redis.requeue(group, consumer, these);
                      },
                      nullptr});
}

inline void ModelWorker::renew(Ticket ticket, const Name& name, std::span<const Lease> leases) {
  const int group = group_of(name);
  std::vector<std::tuple<std::string, std::string, std::uint64_t>> asked;
  for (const Lease& lease : leases) {
    asked.emplace_back(lease.member.consumer, lease.member.token, lease.limit);
  }
  send<Renewed>(
      group, ticket, [this, group, asked] { return redis.renew(group, asked); },
      &Queues::on_renewed);
}

}  // namespace notify::test
