#include "ctl/supervise/supervisor.hpp"

#include <array>
#include <random>

#include "tests/check_main.hpp"

using namespace notify::ctl;

namespace {

using What = Action::What;
using enum Child;
using enum Phase;

constexpr std::uint64_t kNow = 1'000'000;

Supervisor make(bool own_redis = true) {
  return Supervisor({.own_redis = own_redis,
                     .answering = {"Redis at here", "nginx at there", "notify-worker (see x)"}});
}

Supervisor running(bool own_redis = true) {
  Supervisor machine = make(own_redis);
  machine.begin(kNow);
  machine.on_ready(kRedis, kNow);
  machine.on_migrated("", kNow);
  machine.on_ready(kNginx, kNow);
  machine.on_ready(kWorker, kNow);
  EXPECT_EQ(machine.phase(), kRunning);
  return machine;
}

Action act(What what, Child child = kRedis, std::string text = {}) {
  return {what, child, std::move(text)};
}

#define EXPECT_ACTIONS(actual, ...) EXPECT((actual) == (Actions{__VA_ARGS__}))

START_TEST(starts_one_after_the_other) {
  Supervisor machine = make();
  EXPECT_ACTIONS(machine.begin(kNow), act(What::kStart, kRedis));
  EXPECT_EQ(machine.phase(), kWaitingRedis);
  EXPECT_ACTIONS(machine.on_ready(kRedis, kNow), act(What::kStart, kNginx), act(What::kMigrate));
  EXPECT_ACTIONS(machine.on_migrated("", kNow), act(What::kStart, kWorker));
  EXPECT(machine.on_ready(kWorker, kNow).empty());
  EXPECT_ACTIONS(machine.on_ready(kNginx, kNow), act(What::kTellReady));
  EXPECT_EQ(machine.phase(), kRunning);
  EXPECT(!machine.due());
}
END_TEST

START_TEST(leaves_a_redis_that_is_there_alone) {
  Supervisor machine = make(false);
  EXPECT_ACTIONS(machine.begin(kNow), act(What::kStart, kNginx), act(What::kMigrate));
  machine = running(false);
  const Actions ending = machine.on_stop(kNow);
  for (const Action& action : ending) {
    EXPECT(action.what == What::kSay || action.what == What::kTellUnready ||
           action.child != kRedis);
  }
  machine.on_ended(kNginx, 0, kNow);
  machine.on_ended(kWorker, 0, kNow);
  EXPECT_EQ(machine.phase(), kOver);
}
END_TEST

// nginx may be ready before the tables are made.
START_TEST(nginx_may_be_first) {
  Supervisor machine = make(false);
  machine.begin(kNow);
  EXPECT(machine.on_ready(kNginx, kNow).empty());
  machine.on_migrated("", kNow);
  EXPECT_ACTIONS(machine.on_ready(kWorker, kNow), act(What::kTellReady));
}
END_TEST

START_TEST(tries_again_where_the_database_is_away) {
  Supervisor machine = make(false);
  machine.begin(kNow);
  EXPECT(machine.on_migrated("away", kNow).empty());
  EXPECT_EQ(machine.due().value_or(0), kNow + Supervisor::kMigrateAgain);
  EXPECT_ACTIONS(machine.on_time(kNow + Supervisor::kMigrateAgain), act(What::kMigrate));
  const Actions given_up = machine.on_migrated("away", kNow + Supervisor::kStartLimit);
  EXPECT_EQ(given_up.size(), 2U);
  EXPECT_EQ(given_up[0].text, "away: the catalogue does not work before `notifyctl migrate` does");
  EXPECT(given_up[1] == act(What::kStart, kWorker));
  // One that hangs is as good as one that fails.
  machine = make(false);
  machine.begin(kNow);
  EXPECT_EQ(machine.on_time(kNow + Supervisor::kStartLimit).back().child, kWorker);
  EXPECT(machine.on_migrated("late", kNow + Supervisor::kStartLimit + 1).empty());
}
END_TEST

START_TEST(ends_all_where_one_does_not_start) {
  struct Row {
    const char* name;
    Child child;
    int status;
    const char* text;
  };
  constexpr Row kRows[] = {
      {"redis", kRedis, 1, "redis ended with status 1 before it was ready"},
      {"nginx", kNginx, 0, "nginx ended with status 0 before it was ready"},
      {"worker", kWorker, 139, "notify-worker ended with status 139 before it was ready"},
  };
  for (const Row& row : kRows) {
    Supervisor machine = make();
    machine.begin(kNow);
    if (row.child != kRedis) {
      machine.on_ready(kRedis, kNow);
      machine.on_migrated("", kNow);
    }
    const Actions actions = machine.on_ended(row.child, row.status, kNow);
    EXPECT_EQ_ROW(row.name, actions[0].text, row.text);
    EXPECT_ROW(row.name, machine.failed());
    machine.on_ended(kNginx, 0, kNow);
    machine.on_ended(kWorker, 0, kNow);
    machine.on_ended(kRedis, 0, kNow);
    EXPECT_EQ_ROW(row.name, machine.phase(), kOver);
  }
}
END_TEST

START_TEST(says_what_does_not_answer) {
  Supervisor machine = make();
  machine.begin(kNow);
  EXPECT_EQ(machine.due().value_or(0), kNow + Supervisor::kStartLimit);
  EXPECT_EQ(machine.on_time(kNow + Supervisor::kStartLimit)[0].text,
            "Redis at here does not answer");
  EXPECT(machine.failed());

  machine = make(false);
  machine.begin(kNow);
  machine.on_migrated("", kNow);
  machine.on_ready(kWorker, kNow);
  EXPECT_EQ(machine.on_time(kNow + Supervisor::kStartLimit)[0].text,
            "nginx at there does not answer");

  machine = make(false);
  machine.begin(kNow);
  machine.on_migrated("", kNow);
  machine.on_ready(kNginx, kNow);
  EXPECT_EQ(machine.on_time(kNow + Supervisor::kStartLimit)[0].text,
            "notify-worker (see x) does not answer");
}
END_TEST

START_TEST(starts_again_what_dies) {
  Supervisor machine = running();
  const Actions actions = machine.on_ended(kWorker, 137, kNow + 5);
  EXPECT_ACTIONS(
      actions, act(What::kSay, kWorker, "notify-worker ended with status 137 and is started again"),
      act(What::kStart, kWorker));
}
END_TEST

// 0, 1 s, 2 s, … 30 s for one that dies again and again; at once for one that has run well.
START_TEST(rests_before_it_starts_again) {
  Supervisor machine = running();
  std::uint64_t now = kNow;
  machine.on_ended(kWorker, 1, now);
  for (const std::uint64_t rest : {1, 2, 4, 8, 16, 30, 30}) {
    machine.on_ended(kWorker, 1, now);
    EXPECT_EQ(machine.due().value_or(0), now + rest * 1000);
    EXPECT(machine.on_time(now + rest * 1000 - 1).empty());
    now += rest * 1000;
    EXPECT_ACTIONS(machine.on_time(now), act(What::kStart, kWorker));
  }
  now += Supervisor::kSteady;
  EXPECT_EQ(machine.on_ended(kWorker, 1, now).size(), 2U);
  EXPECT(!machine.due());
}
END_TEST

// A dead master's workers hold its ports: they end before another one starts.
START_TEST(sweeps_after_nginx) {
  Supervisor machine = running();
  const std::uint64_t now = kNow + Supervisor::kSteady;
  EXPECT(machine.on_ended(kNginx, 137, now)[0] == act(What::kSweep));
  EXPECT_EQ(machine.due().value_or(0), now + Supervisor::kNginxRest);
  EXPECT_ACTIONS(machine.on_time(now + Supervisor::kNginxRest), act(What::kSweepHard),
                 act(What::kStart, kNginx));
}
END_TEST

START_TEST(takes_orderly_ends_as_wishes) {
  Supervisor machine = running();
  EXPECT_ACTIONS(machine.on_ended(kRedis, 0, kNow),
                 act(What::kSay, kRedis, "Redis was told to shut down and is left so"));
  EXPECT_EQ(machine.phase(), kRunning);
  EXPECT_EQ(machine.on_ended(kNginx, 0, kNow)[0].text, "nginx was told to quit: stopping");
  EXPECT_EQ(machine.phase(), kDraining);
  machine.on_ended(kWorker, 0, kNow);
  EXPECT_EQ(machine.phase(), kOver);
  EXPECT(!machine.failed());
}
END_TEST

START_TEST(ends_in_order) {
  Supervisor machine = running();
  EXPECT_ACTIONS(machine.on_stop(kNow), act(What::kSay, kRedis, "stopping"),
                 act(What::kTellUnready), act(What::kQuit, kNginx), act(What::kTerminate, kWorker));
  EXPECT(machine.on_stop(kNow).empty());
  EXPECT(machine.on_ended(kNginx, 0, kNow).empty());
  EXPECT_ACTIONS(machine.on_ended(kWorker, 0, kNow), act(What::kSweep),
                 act(What::kTerminate, kRedis));
  EXPECT_EQ(machine.phase(), kEndingRedis);
  EXPECT_ACTIONS(machine.on_ended(kRedis, 0, kNow), act(What::kSweepHard));
  EXPECT_EQ(machine.phase(), kOver);
  EXPECT(!machine.failed());
  EXPECT(!machine.due());
}
END_TEST

START_TEST(forces_what_does_not_end) {
  Supervisor machine = running();
  machine.on_stop(kNow);
  std::uint64_t now = kNow + Supervisor::kDrainLimit;
  EXPECT_EQ(machine.due().value_or(0), now);
  EXPECT_ACTIONS(machine.on_time(now), act(What::kTerminate, kNginx),
                 act(What::kTerminate, kWorker));
  machine.on_ended(kWorker, 143, now);
  now += Supervisor::kForceLimit;
  EXPECT_ACTIONS(machine.on_time(now), act(What::kKill, kNginx));
  EXPECT(!machine.due());
  machine.on_ended(kNginx, 137, now);
  now += Supervisor::kRedisLimit;
  EXPECT_EQ(machine.due().value_or(0), now);
  EXPECT_ACTIONS(machine.on_time(now), act(What::kKill, kRedis));
  machine.on_ended(kRedis, 137, now);
  EXPECT_EQ(machine.phase(), kOver);
}
END_TEST

// What rests is not started any more, and nobody waits for it.
START_TEST(stops_while_one_rests) {
  Supervisor machine = running(false);
  machine.on_ended(kWorker, 1, kNow);
  machine.on_ended(kWorker, 1, kNow);
  machine.on_stop(kNow);
  machine.on_ended(kNginx, 0, kNow);
  EXPECT_EQ(machine.phase(), kOver);
  EXPECT(machine.on_time(kNow + 60'000).empty());
}
END_TEST

START_TEST(stops_at_any_time) {
  Supervisor machine = make();
  machine.begin(kNow);
  EXPECT_ACTIONS(machine.on_stop(kNow), act(What::kTellUnready), act(What::kSweep),
                 act(What::kTerminate, kRedis));
  EXPECT(machine.on_ready(kRedis, kNow).empty());
  machine.on_ended(kRedis, 0, kNow);
  EXPECT_EQ(machine.phase(), kOver);
  EXPECT(!machine.failed());
}
END_TEST

// The processes that the machine believes in.
struct World {
  std::array<bool, 3> up{};
  bool stopping = false;

  bool& of(Child child) { return up[static_cast<unsigned>(child)]; }

  void take(const Actions& actions, unsigned seed) {
    for (const Action& action : actions) {
      if (action.what == What::kStart) {
        EXPECT_ROW(seed, !of(action.child) && !stopping);
        of(action.child) = true;
      }
      if (action.what == What::kQuit || action.what == What::kTerminate ||
          action.what == What::kKill) {
        EXPECT_ROW(seed, of(action.child));
      }
      stopping |= action.what == What::kTellUnready;
    }
  }
};

// Whatever happens: nothing runs twice, nothing starts once all is ending, only what runs is sent a
// signal, and in the end all is over.
START_TEST(holds_whatever_happens) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    std::mt19937 random(seed);
    const auto below = [&random](unsigned limit) { return random() % limit; };
    const bool own_redis = below(2) == 0;
    Supervisor machine = make(own_redis);
    World world;
    std::uint64_t now = kNow;
    world.take(machine.begin(now), seed);
    for (int step = 0; step < 200 && machine.phase() != kOver; ++step) {
      const Child child = kChildren[below(3)];
      now += below(3000);
      switch (below(step < 150 ? 8 : 3)) {
        case 0:
        case 1:
          if (world.of(child)) {
            world.of(child) = false;
            world.take(machine.on_ended(child, static_cast<int>(below(2)), now), seed);
          }
          break;
        case 2:
          if (machine.due() && *machine.due() <= now) {
            world.take(machine.on_time(now), seed);
          }
          break;
        case 3:
          world.take(machine.on_migrated(below(3) == 0 ? "away" : "", now), seed);
          break;
        case 4:
          if (below(20) == 0) {
            world.take(machine.on_stop(now), seed);
          }
          break;
        default:
          if (world.of(child)) {
            world.take(machine.on_ready(child, now), seed);
          }
      }
    }
    world.take(machine.on_stop(now), seed);
    for (const Child child : {kNginx, kWorker, kRedis}) {
      if (world.of(child)) {
        world.of(child) = false;
        world.take(machine.on_ended(child, 0, now), seed);
      }
    }
    EXPECT_EQ_ROW(seed, machine.phase(), kOver);
    EXPECT_ROW(seed, !machine.due());
  }
}
END_TEST

}  // namespace

CHECK_MAIN("ctl supervisor", starts_one_after_the_other, leaves_a_redis_that_is_there_alone,
           nginx_may_be_first, tries_again_where_the_database_is_away,
           ends_all_where_one_does_not_start, says_what_does_not_answer, starts_again_what_dies,
           rests_before_it_starts_again, sweeps_after_nginx, takes_orderly_ends_as_wishes,
           ends_in_order, forces_what_does_not_end, stops_while_one_rests, stops_at_any_time,
           holds_whatever_happens)
