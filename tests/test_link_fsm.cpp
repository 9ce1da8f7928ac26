#include "shared/redis/link_fsm.hpp"
#include "tests/check_main.hpp"

using namespace notify::redis;
using notify::redis::Milliseconds;

namespace {

constexpr double kWhole = 1.0;  // of the wait: no jitter

LinkFact fact(LinkEvent event) { return {.event = event}; }
LinkFact connected(unsigned steps) { return {.event = LinkEvent::kConnected, .steps = steps}; }
LinkFact fine(Greeting step) { return {.event = LinkEvent::kAnswered, .step = step}; }
LinkFact error(Greeting step, std::string_view code) {
  return {.event = LinkEvent::kAnswered, .step = step, .error_code = code, .error = code};
}

struct Step {
  const char* name;
  LinkFact given;
  std::uint64_t now;
  LinkState state;
  LinkActions actions;
};

void drive(LinkFsm& fsm, std::initializer_list<Step> steps) {
  for (const Step& step : steps) {
    const LinkActions actions = fsm.on(step.given, step.now, kWhole);
    EXPECT_EQ_ROW(step.name, fsm.state(), step.state);
    EXPECT_ROW(step.name, actions == step.actions);
  }
}

using enum LinkEvent;
using enum LinkState;

START_TEST(serves_and_comes_back) {
  LinkFsm fsm(Milliseconds{25}, Milliseconds{250});
  drive(fsm,
        {
            {"start", fact(kStart), 0, kConnecting, {.connect = true}},
            {"connected", connected(3), 1, kGreeting, {.greet = true}},
            {"auth", fine(Greeting::kAuth), 2, kGreeting, {}},
            {"name", fine(Greeting::kName), 2, kGreeting, {}},
            {"ping", fine(Greeting::kPing), 2, kReady, {.announce_ready = true}},
            {"closed",
             fact(kEnded),
             9000,
             kWaiting,
             {.close = true, .announce_lost = true, .wait = Milliseconds{25}}},
            {"retry", fact(kRetry), 9025, kConnecting, {.connect = true}},
            {"refused", fact(kEnded), 9025, kWaiting, {.close = true, .wait = Milliseconds{50}}},
            {"retry", fact(kRetry), 9075, kConnecting, {.connect = true}},
            {"timeout", fact(kEnded), 9080, kWaiting, {.close = true, .wait = Milliseconds{100}}},
            {"retry", fact(kRetry), 9180, kConnecting, {.connect = true}},
            {"refused", fact(kEnded), 9181, kWaiting, {.close = true, .wait = Milliseconds{200}}},
            {"retry", fact(kRetry), 9400, kConnecting, {.connect = true}},
            {"refused", fact(kEnded), 9400, kWaiting, {.close = true, .wait = Milliseconds{250}}},
            {"retry", fact(kRetry), 9700, kConnecting, {.connect = true}},
            {"connected", connected(1), 9700, kGreeting, {.greet = true}},
            {"ping", fine(Greeting::kPing), 9701, kReady, {.announce_ready = true}},
            {"reset",
             fact(kReset),
             9990,
             kWaiting,
             {.close = true, .announce_lost = true, .wait = Milliseconds{25}}},
            {"stop", fact(kStop), 9991, kStopped, {.close = true}},
            {"nothing after stop", fact(kRetry), 9992, kStopped, {}},
            {"nothing after stop", fact(kStart), 9992, kStopped, {}},
            {"nothing after stop", fact(kEnded), 9992, kStopped, {}},
        });
}
END_TEST

START_TEST(a_flapping_server_is_not_hammered) {
  LinkFsm fsm(Milliseconds{25}, Milliseconds{250});
  fsm.on(fact(kStart), 0, kWhole);
  std::int64_t last = 0;
  for (int i = 0; i < 6; ++i) {
    fsm.on(connected(1), 0, kWhole);
    fsm.on(fine(Greeting::kPing), 0, kWhole);
    EXPECT_EQ(fsm.state(), kReady);
    const LinkActions lost = fsm.on(fact(kEnded), 10, kWhole);  // served for 10 ms
    EXPECT(lost.wait->count() > last || last == 250);
    last = lost.wait->count();
    fsm.on(fact(kRetry), 0, kWhole);
  }
  EXPECT_EQ(last, 250);
}
END_TEST

START_TEST(demoted_reads_out_first) {
  LinkFsm fsm(Milliseconds{25}, Milliseconds{250});
  drive(fsm,
        {
            {"start", fact(kStart), 0, kConnecting, {.connect = true}},
            {"connected", connected(1), 0, kGreeting, {.greet = true}},
            {"ping", fine(Greeting::kPing), 0, kReady, {.announce_ready = true}},
            {"readonly", fact(kDemoted), 900, kDraining, {.announce_lost = true, .drain = true}},
            {"again", fact(kDemoted), 900, kDraining, {}},
            {"a reset is under way", fact(kReset), 900, kDraining, {}},
            {"drained", fact(kDrained), 901, kWaiting, {.close = true, .wait = Milliseconds{25}}},
            {"retry", fact(kRetry), 930, kConnecting, {.connect = true}},
            {"connected", connected(1), 930, kGreeting, {.greet = true}},
            {"ping", fine(Greeting::kPing), 931, kReady, {.announce_ready = true}},
            {"loading", fact(kDemoted), 1900, kDraining, {.announce_lost = true, .drain = true}},
            {"closed", fact(kEnded), 1901, kWaiting, {.close = true, .wait = Milliseconds{25}}},
        });
}
END_TEST

START_TEST(the_greeting_decides) {
  struct Row {
    const char* name;
    LinkFact answer;
    LinkState state;
    std::int64_t wait;
  };
  const LinkFact clients = {.event = kAnswered,
                            .step = Greeting::kName,
                            .error_code = "ERR",
                            .error = "ERR max number of clients reached"};
  const Row rows[] = {
      {"ping while loading", error(Greeting::kPing, "LOADING"), kWaiting, 25},
      {"script while loading", error(Greeting::kScript, "LOADING"), kWaiting, 25},
      {"replica without primary", error(Greeting::kPing, "MASTERDOWN"), kWaiting, 25},
      {"busy", error(Greeting::kPing, "BUSY"), kWaiting, 25},
      {"too many clients", clients, kWaiting, 25},
      {"wrong password", error(Greeting::kAuth, "WRONGPASS"), kWaiting, 250},
      {"no password is set", error(Greeting::kAuth, "ERR"), kWaiting, 250},
      {"no such database", error(Greeting::kSelect, "ERR"), kWaiting, 250},
      {"password is missing", error(Greeting::kName, "NOAUTH"), kWaiting, 250},
      {"protected mode", error(Greeting::kName, "DENIED"), kWaiting, 250},
      {"ping says what we do not know", error(Greeting::kPing, "ERR"), kWaiting, 250},
      {"no name", error(Greeting::kName, "NOPERM"), kReady, 0},
      {"no scripts", error(Greeting::kScript, "NOPERM"), kReady, 0},
      {"no ping", error(Greeting::kPing, "NOPERM"), kReady, 0},
      {"fine", fine(Greeting::kPing), kReady, 0},
  };
  for (const Row& row : rows) {
    LinkFsm fsm(Milliseconds{25}, Milliseconds{250});
    fsm.on(fact(kStart), 0, kWhole);
    fsm.on(connected(1), 0, kWhole);
    const LinkActions actions = fsm.on(row.answer, 0, kWhole);
    EXPECT_EQ_ROW(row.name, fsm.state(), row.state);
    EXPECT_EQ_ROW(row.name, actions.wait.value_or(Milliseconds{0}).count(), row.wait);
    EXPECT_EQ_ROW(row.name, actions.close, row.state == kWaiting);
  }
}
END_TEST

START_TEST(what_does_not_fit_changes_nothing) {
  const LinkFact facts[] = {fact(kRetry), fact(kDemoted), fact(kDrained),
                            fact(kReset), connected(2),   fine(Greeting::kPing)};
  LinkFsm fsm(Milliseconds{25}, Milliseconds{250});
  for (const LinkFact& given : facts) {
    EXPECT(fsm.on(given, 0, kWhole) == LinkActions{});
    EXPECT_EQ(fsm.state(), kIdle);
  }
  EXPECT(fsm.on(fact(kEnded), 0, kWhole) == LinkActions{});
  fsm.on(fact(kStart), 0, kWhole);
  for (const LinkFact& given :
       {fact(kStart), fact(kRetry), fact(kDemoted), fact(kReset), fine(Greeting::kPing)}) {
    EXPECT(fsm.on(given, 0, kWhole) == LinkActions{});
    EXPECT_EQ(fsm.state(), kConnecting);
  }
}
END_TEST

START_TEST(jitter_stays_in_bounds) {
  for (const double random : {-1.0, 0.0, 0.25, 0.5, 0.999, 7.0}) {
    LinkFsm fsm(Milliseconds{25}, Milliseconds{250});
    fsm.on(fact(kStart), 0, random);
    for (int i = 0; i < 10; ++i) {
      const auto wait = fsm.on(fact(kEnded), 0, random).wait;
      EXPECT_ROW(random, wait && wait->count() >= 12 && wait->count() <= 250);
      fsm.on(fact(kRetry), 0, random);
    }
  }
  LinkFsm odd(Milliseconds{0}, Milliseconds{0});  // nonsense in a configuration: no busy loop
  odd.on(fact(kStart), 0, 0);
  EXPECT(odd.on(fact(kEnded), 0, 0).wait->count() >= 1);
}
END_TEST

}  // namespace

CHECK_MAIN("link_fsm", serves_and_comes_back, a_flapping_server_is_not_hammered,
           demoted_reads_out_first, the_greeting_decides, what_does_not_fit_changes_nothing,
           jitter_stays_in_bounds)
