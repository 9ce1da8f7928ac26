// The promise of work queues under random events: an entry is at one consumer at a time, nobody has
// more than its limit in flight, nothing is lost, and when all is quiet again nothing is stuck.
//
// Two nginx workers (each with its Queues) share a pretended Redis with one stream and two groups.
// NOTIFY_SEEDS=N runs N seeds, NOTIFY_SEED=S one of them, NOTIFY_TRACE=1 tells what happens.

#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>

#include "tests/check_main.hpp"
#include "tests/queue_fakes.hpp"
#include "tests/queue_worker.hpp"

namespace notify::test {
namespace {

using Random = std::mt19937_64;

class Run;

// ---- one nginx worker ---------------------------------------------------------------------------

struct Worker;

struct RandomClient final : Sink {
  Flow joined() override;
  Flow deliver(std::span<const Entry> entries) override;
  void ended(End why, const Error* error) override;

  Run* run = nullptr;
  Worker* worker = nullptr;
  int group = 0;
  std::string name;
  std::string token;
  bool is_joined = false;
  bool is_over = false;
  bool blocked = false;
  std::set<EntryId> hand;        // delivered, not finished
  std::multiset<EntryId> given;  // by Redis, not delivered yet
  std::unique_ptr<Consumer> consumer;
};

struct Worker final : ModelWorker {
  using ModelWorker::ModelWorker;
  std::vector<std::unique_ptr<RandomClient>> clients;
  std::vector<std::unique_ptr<RandomClient>> graves;
};

// ---- the run ------------------------------------------------------------------------------------

class Run final : public Judge {
 public:
  explicit Run(std::uint64_t a_seed) : seed(a_seed), random(a_seed) {
    redis.publish = [this](int group, const std::string& payload) { publish(group, payload); };
    for (auto& worker : workers) {
      worker = std::make_unique<Worker>(redis, *this, random);
      worker->start();
    }
  }

  void all() {
    for (step = 0; step < 3000; ++step) {
      one();
    }
    quiet();
  }

  bool chance(int percent) { return static_cast<int>(random() % 100) < percent; }
  std::size_t any_of(std::size_t count) { return random() % count; }
  void trace(const std::string& what) const {
    if (std::getenv("NOTIFY_TRACE") != nullptr) {
      std::fprintf(stderr, "%d %s\n", step, what.c_str());
    }
  }
  void fail(const std::string& what) const override {
    ck_abort_msg("seed %llu step %d: %s", static_cast<unsigned long long>(seed), step,
                 what.c_str());
  }
  static std::string name_of(int group) { return ModelWorker::name_of(group); }

  void publish(int group, const std::string& payload) {
    trace("publish " + name_of(group) + " " + payload);
    for (auto& worker : workers) {
      if (worker->subscribed && worker->listening[group]) {
        worker->messages.push_back({group, {}, payload, false});
      }
    }
  }
  void add(bool ring) {
    const EntryId id{++redis.last_ms, 0};
    redis.entries.insert(id);
    trace("add " + format_entry_id(id));
    for (auto& worker : workers) {
      if (ring && worker->subscribed && worker->watching) {
        worker->messages.push_back({-1, id, {}, false});
      }
    }
  }
  void finish_some(RandomClient& client) {
    if (!client.hand.empty()) {
      auto place = client.hand.begin();
      std::advance(place, static_cast<std::ptrdiff_t>(any_of(client.hand.size())));
      const EntryId id = *place;
      client.hand.erase(place);
      // The long path: only what this consumer holds; else the client learns that it does not.
      if (redis.holds(client.group, client.name, id)) {
        redis.finish(client.group, id);
      }
    }
  }

  // What a connection really has in flight, by what Redis and its client know, is within its limit.
  void note_given(int group, const std::vector<RedisModel::Asked>& asked,
                  const std::vector<Share>& shares) override {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      for (const Entry& entry : shares[i].entries) {
        trace("give " + asked[i].token + " " + format_entry_id(entry.id));
      }
      if (RandomClient* client = find(asked[i].token)) {
        std::set<EntryId> in_flight;
        for (const Entry& entry : shares[i].entries) {
          client->given.insert(entry.id);
          in_flight.insert(entry.id);
        }
        for (const EntryId id : client->hand) {
          if (redis.holds(group, client->name, id)) {
            in_flight.insert(id);
          }
        }
        if (!shares[i].entries.empty() && in_flight.size() > *shares[i].limit) {
          fail(asked[i].token + " has more in flight than its limit");
        }
      }
    }
  }
  RandomClient* find(const std::string& token) {
    for (auto& worker : workers) {
      for (const auto& client : worker->clients) {
        if (client->token == token) {
          return client.get();
        }
      }
    }
    return nullptr;
  }

  void connect(Worker& worker) {
    auto client = std::make_unique<RandomClient>();
    client->run = this;
    client->worker = &worker;
    client->group = static_cast<int>(any_of(2));
    client->name = "c" + std::to_string(any_of(6));
    client->token = "t" + std::to_string(++tokens);
    RandomClient& joined = *client;
    worker.clients.push_back(std::move(client));
    const std::string group = name_of(joined.group);
    joined.consumer = worker.queues->join({"s", group},
                                          {joined.name,
                                           joined.token,
                                           any_of(4),
                                           {RedisModel::kAckTimeout, RedisModel::kMaxDeliveries}},
                                          joined);
  }
  static void disconnect(Worker& worker, std::size_t which) {
    worker.clients[which]->consumer.reset();
    worker.clients[which]->is_over = true;
    worker.graves.push_back(std::move(worker.clients[which]));  // it may be inside of a call
    worker.clients.erase(worker.clients.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void one() {
    Worker& worker = *workers[any_of(2)];
    const int dice = static_cast<int>(random() % 200);
    if (dice < 16) {
      add(chance(80));
    } else if (dice < 50) {
      worker.hear();
    } else if (dice < 80) {
      worker.execute_one();
    } else if (dice < 110) {
      worker.answer_one(chance(3));
    } else if (dice < 140) {
      worker.turn();
    } else if (dice < 150) {
      if (!worker.clients.empty()) {
        finish_some(*worker.clients[any_of(worker.clients.size())]);
      }
    } else if (dice < 158) {
      if (worker.clients.size() < 6) {
        connect(worker);
      }
    } else if (dice < 161) {
      if (!worker.clients.empty()) {
        disconnect(worker, any_of(worker.clients.size()));
      }
    } else if (dice < 170) {
      if (!worker.clients.empty()) {
        drain(*worker.clients[any_of(worker.clients.size())]);
      }
    } else if (dice < 172) {
      redis.set_limit(static_cast<int>(any_of(2)), any_of(5));
    } else if (dice < 173) {
      trim();
    } else if (dice < 174) {
      redis.acknowledge(static_cast<int>(any_of(2)));
    } else if (dice < 175) {
      if (chance(20)) {
        lose_group(static_cast<int>(any_of(2)));
      }
    } else if (dice < 176) {
      if (chance(30)) {
        worker.lose_commands();
      }
    } else if (dice < 177) {
      worker.lose_subscription();
    } else if (dice < 180) {
      worker.regain_subscription();
    } else if (dice < 182) {
      publish(static_cast<int>(any_of(2)), "reclaim");
    } else {
      pass(250);
    }
    for (auto& each : workers) {
      each->graves.clear();
    }
  }

  void pass(std::uint64_t ms) {
    redis.now += ms;
    for (auto& worker : workers) {
      worker->queues->tick(redis.now);
    }
  }
  void drain(RandomClient& client) {
    if (client.blocked && client.consumer) {
      client.blocked = false;
      client.consumer->drained();
    }
  }
  void trim() {
    if (!redis.entries.empty()) {
      redis.entries.erase(redis.entries.begin());
    }
  }
  // A message of the life before, heard when the entries were given out again, would free them too
  // early: docs/queues.md. It would have to be later than a client that connects anew.
  void lose_group(int group) {
    trace("lose group " + name_of(group));
    for (auto& worker : workers) {
      while (!worker->messages.empty()) {
        worker->hear();
      }
    }
    redis.lose_group(group);
  }

  // Everything works again, everybody finishes what he gets, and time goes by.
  void quiet() {
    calm = true;
    for (auto& worker : workers) {
      worker->regain_subscription();
      while (worker->clients.size() < 2) {
        connect(*worker);
      }
    }
    for (int round = 0; round < 800; ++round) {
      for (int group = 0; group < 2 && round % 40 == 0; ++group) {
        redis.set_limit(group, 3);
      }
      for (auto& worker : workers) {
        for (int i = 0; i < 20; ++i) {
          worker->hear();
          worker->execute_one();
          worker->answer_one(false);
          worker->turn();
        }
        for (std::size_t i = worker->clients.size(); i > 0; --i) {
          RandomClient& client = *worker->clients[i - 1];
          drain(client);
          while (!client.hand.empty()) {
            finish_some(client);
          }
          if (client.is_over) {
            disconnect(*worker, i - 1);
          }
        }
        for (int group = 0; group < 2; ++group) {
          keep_somebody(*worker, group);
        }
        worker->graves.clear();
      }
      pass(250);
    }
    check_end();
  }
  void keep_somebody(Worker& worker, int group) {
    for (const auto& client : worker.clients) {
      if (client->group == group) {
        return;
      }
    }
    connect(worker);
    RandomClient& client = *worker.clients.back();
    if (client.group != group || client.name == "c0") {
      disconnect(worker, worker.clients.size() - 1);
    }
  }
  void check_end() {
    for (int group = 0; group < 2; ++group) {
      const RedisModel::State& state = redis.groups[group];
      if (!state.pending.empty()) {
        fail("group " + name_of(group) + " is left with " +
             format_entry_id(state.pending.begin()->first) + " pending for " +
             state.pending.begin()->second.consumer);
      }
      for (const EntryId id : redis.entries) {
        if (!state.finished.contains(id)) {
          fail("group " + name_of(group) + " was never given " + format_entry_id(id));
        }
      }
    }
    for (auto& worker : workers) {
      if (worker->queues->figures().in_flight != 0) {
        fail("something is counted as in flight");
      }
      worker->clients.clear();
      worker->graves.clear();
      if (worker->queues->figures().consumers != 0) {
        fail("consumers are left");
      }
    }
    for (int i = 0; i < 60; ++i) {
      for (auto& worker : workers) {
        worker->turn();
        worker->execute_one();
        worker->answer_one(false);
        worker->execute_one();
        worker->answer_one(false);
      }
      pass(250);
    }
    for (auto& worker : workers) {
      if (worker->queues->figures().groups != 0 || worker->watching) {
        fail("groups are left");
      }
    }
  }

  const std::uint64_t seed;
  Random random;
  int step = 0;
  int tokens = 0;
  bool calm = false;
  RedisModel redis;
  std::unique_ptr<Worker> workers[2];
};

// ---- clients ------------------------------------------------------------------------------------

Flow RandomClient::joined() {
  if (is_joined || is_over) {
    run->fail("joined twice, or after the end");
  }
  is_joined = true;
  return Flow::kOpen;
}

Flow RandomClient::deliver(std::span<const Entry> entries) {
  if (!is_joined || is_over || blocked || entries.empty()) {
    run->fail("delivered to a client that is not joined, over or blocked");
  }
  for (const Entry& entry : entries) {
    run->trace("deliver " + token + " " + format_entry_id(entry.id));
    const auto place = given.find(entry.id);
    if (place == given.end()) {
      run->fail(token + " is delivered " + format_entry_id(entry.id) + ", which is not its own");
    }
    given.erase(place);
    hand.insert(entry.id);
  }
  if (run->calm) {
    return Flow::kOpen;
  }
  if (run->chance(3)) {
    Run::disconnect(*worker, run->any_of(worker->clients.size()));  // itself, perhaps
    return Flow::kOpen;
  }
  if (run->chance(2)) {
    is_over = true;
    return Flow::kClosed;
  }
  blocked = run->chance(20);
  return blocked ? Flow::kBlocked : Flow::kOpen;
}

void RandomClient::ended(End why, const Error* error) {
  run->trace("ended " + token);
  if (is_over || (error != nullptr) != (why == End::kRefused) ||
      is_joined != (why == End::kGroupLost || why == End::kLeaseLost)) {
    run->fail("ended wrongly");
  }
  is_over = true;
  hand.clear();
}

START_TEST(nothing_lost_nothing_stuck) {
  const char* one = std::getenv("NOTIFY_SEED");
  const char* many = std::getenv("NOTIFY_SEEDS");
  const std::uint64_t first = one != nullptr ? std::stoull(one) : 1;
  const std::uint64_t count = one != nullptr ? 1 : many != nullptr ? std::stoull(many) : 40;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Run run(seed);
    run.all();
  }
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("queue, at random", nothing_lost_nothing_stuck)
