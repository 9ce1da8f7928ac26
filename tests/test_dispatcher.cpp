// The dispatcher, fed with facts: what it asks for, in which order, and what it forgets.

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "worker/delivery/dispatcher.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::worker;
using std::chrono::milliseconds;

namespace {

// Says of a result what the test has put into its body.
struct FakeTarget final : Target {
  Result<HttpRequest> build(const Delivery& delivery) const override {
    if (delivery.entry.find("bad") != nullptr) {
      return invalid("cannot be built");
    }
    HttpRequest request;
    request.body = format_entry_id(delivery.entry.id);
    return request;
  }
  Verdict classify(const HttpResult& result) const override {
    if (result.body == "done") return Done{};
    if (result.body == "dead") return Dead{"refused"};
    Later later;
    later.why = "broken";
    if (result.body == "hold") {
      later.after = milliseconds{3000};
      later.costs_attempt = false;
      later.holds_destination = true;
    }
    if (result.body == "hold without a time") {
      later.costs_attempt = false;
      later.holds_destination = true;
    }
    return later;
  }
};

// Answers at once (in play()) unless told otherwise; `log` is what was asked for, in order.
struct World final : Ports {
  explicit World(DispatcherOptions options = {}) : dispatcher(*this, options) {}

  SourceIndex source(std::optional<DestinationIndex> destination = std::nullopt) {
    return dispatcher.add_source(destination ? *destination : dispatcher.add_destination(target));
  }
  void offer(SourceIndex index, std::uint64_t id, unsigned attempts = 0, bool bad = false) {
    Delivery delivery;
    delivery.stream = "s" + std::to_string(index);
    delivery.entry.id = {id, 0};
    delivery.attempts = attempts;
    if (bad) {
      delivery.entry.fields = {{"bad", ""}};
    }
    dispatcher.offer(index, delivery);
  }
  void answer(Ticket ticket, const char* body) {
    HttpResult result;
    result.body = body;
    wire.erase(std::find(wire.begin(), wire.end(), ticket));
    dispatcher.on_result(ticket, result);
  }
  // Lets everything that is asked for succeed, until only the wire (and settling) is waited for.
  void play() {
    while (!budgets.empty() || !begins.empty()) {
      if (!budgets.empty()) {
        const auto ticket = budgets.front();
        budgets.erase(budgets.begin());
        dispatcher.on_budget(ticket, milliseconds{0});
      } else {
        const auto ticket = begins.front();
        begins.erase(begins.begin());
        dispatcher.on_begun(ticket, Begin::kOk);
      }
    }
  }
  void settle_all(Settled how = Settled::kApplied) {
    const auto tickets = std::exchange(settling, {});
    for (const auto ticket : tickets) {
      dispatcher.on_settled(ticket, how);
    }
  }
  void pass(std::uint64_t ms) {
    const auto end = now + ms;
    while (wake && *wake <= end) {
      now = std::max(now, *wake);
      wake.reset();
      dispatcher.on_wake();
      play();
    }
    now = end;
  }
  std::string take_log() { return std::exchange(log, {}); }

  void ask_budget(Ticket ticket, DestinationIndex) override { budgets.push_back(ticket); }
  void begin(Ticket ticket, SourceIndex, const Delivery& delivery) override {
    begins.push_back(ticket);
    consumers += delivery.consumer + "|";
  }
  void send(Ticket ticket, HttpRequest request) override {
    log += "send " + request.body + "; ";
    wire.push_back(ticket);
  }
  void settle(Ticket ticket, SourceIndex, const Delivery& delivery,
              const Settlement& settlement) override {
    log += std::string(settlement.kind == SettleKind::kDone    ? "done "
                       : settlement.kind == SettleKind::kLater ? "later "
                                                               : "dead ") +
           format_entry_id(delivery.entry.id) + " after " + std::to_string(settlement.attempts);
    if (settlement.kind == SettleKind::kLater) {
      log += " in " + std::to_string(settlement.delay.count());
    }
    log += (settlement.why.empty() ? "" : " (" + settlement.why + ")") + "; ";
    settling.push_back(ticket);
  }
  void hold(DestinationIndex destination, milliseconds time) override {
    log += "hold " + std::to_string(destination) + " " + std::to_string(time.count()) + "; ";
  }
  void report(const Outcome&) override { ++reports; }
  void room_changed(SourceIndex) override { ++rooms; }
  void wake_at(std::uint64_t at) override { wake = at; }
  std::uint64_t now_ms() const override { return now; }
  double random() override { return 0.5; }

  FakeTarget target;
  Dispatcher dispatcher;
  std::vector<Ticket> budgets, begins, wire, settling;
  std::string log;
  std::string consumers;  // of those that were begun
  std::uint64_t now = 1000;
  std::optional<std::uint64_t> wake;
  int reports = 0;
  int rooms = 0;
};

START_TEST(a_delivery_goes_through) {
  World w;
  const auto s = w.source();
  w.offer(s, 1);
  EXPECT_EQ(w.budgets.size(), 1U);
  EXPECT(w.begins.empty() && w.wire.empty());
  w.play();
  EXPECT_EQ(w.take_log(), "send 1-0; ");
  w.answer(w.wire[0], "done");
  EXPECT_EQ(w.take_log(), "done 1-0 after 1; ");
  EXPECT(!w.dispatcher.idle());
  w.settle_all();
  EXPECT(w.dispatcher.idle());
  EXPECT_EQ(w.reports, 1);
  EXPECT_EQ(w.rooms, 1);
}
END_TEST

START_TEST(verdicts_become_settlements) {
  const struct {
    const char* body;
    unsigned attempts;
    const char* log;
  } rows[] = {
      {"done", 0, "done 7-0 after 1; "},
      {"done", 4, "done 7-0 after 5; "},
      {"dead", 0, "dead 7-0 after 1 (refused); "},
      {"later", 0, "later 7-0 after 1 in 1000 (broken); "},
      {"later", 1, "later 7-0 after 2 in 2000 (broken); "},
      {"later", 3, "later 7-0 after 4 in 8000 (broken); "},
      {"later", 7, "later 7-0 after 8 in 128000 (broken); "},
      {"later", 28, "later 7-0 after 29 in 270000 (broken); "},  // 300 s and jitter below only
      {"later", 29, "dead 7-0 after 30 (30 attempts, the last one: broken); "},
      {"hold", 0, "hold 0 3000; later 7-0 after 0 in 3000 (broken); "},
      {"hold", 29, "hold 0 3000; later 7-0 after 29 in 3000 (broken); "},
      {"hold without a time", 5, "hold 0 1000; later 7-0 after 5 in 1000 (broken); "},
  };
  for (const auto& row : rows) {
    World w;
    const auto s = w.source();
    w.offer(s, 7, row.attempts);
    w.play();
    w.take_log();
    w.answer(w.wire[0], row.body);
    EXPECT_EQ_ROW(std::string(row.body) + " after " + std::to_string(row.attempts), w.take_log(),
                  row.log);
  }
}
END_TEST

START_TEST(what_cannot_be_sent_is_dead) {
  World w;
  const auto s = w.source();
  w.offer(s, 1, 0, true);
  EXPECT_EQ(w.take_log(), "dead 1-0 after 0 (cannot be built); ");
  w.offer(s, 2, 30);
  EXPECT_EQ(w.take_log(), "dead 2-0 after 30 (no answer was seen to the last of 30 attempts); ");
  EXPECT(w.budgets.empty());
  EXPECT_EQ(w.reports, 2);
  w.settle_all();
  EXPECT(w.dispatcher.idle());
}
END_TEST

START_TEST(concurrency_is_bounded) {
  DispatcherOptions options;
  options.concurrency = 3;
  options.destination_concurrency = 2;
  World w(options);
  const auto a = w.source();
  const auto b = w.source();
  for (std::uint64_t id = 1; id <= 4; ++id) {
    w.offer(a, id);
  }
  for (std::uint64_t id = 11; id <= 14; ++id) {
    w.offer(b, id);
  }
  w.play();
  EXPECT_EQ(w.take_log(), "send 1-0; send 2-0; send 11-0; ");
  w.answer(w.wire[0], "done");
  w.play();
  EXPECT_EQ(w.wire.size(), 3U);
  std::size_t most = 0;
  while (!w.wire.empty()) {
    w.answer(w.wire[0], "done");
    w.settle_all();
    w.play();
    most = std::max(most, w.wire.size());
  }
  EXPECT_EQ(most, 3U);
  EXPECT(w.dispatcher.idle());
  EXPECT_EQ(w.reports, 8);
}
END_TEST

START_TEST(one_at_a_time_keeps_the_order) {
  World w;
  const auto s = w.source();
  for (std::uint64_t id = 1; id <= 3; ++id) {
    w.offer(s, id);
  }
  w.dispatcher.on_budget(std::exchange(w.budgets, {})[0], milliseconds{500});  // waits
  w.pass(500);
  w.answer(w.wire[0], "done");
  w.play();
  w.answer(w.wire[0], "done");
  w.play();
  EXPECT_EQ(w.take_log(), "send 1-0; done 1-0 after 1; send 2-0; done 2-0 after 1; send 3-0; ");
}
END_TEST

START_TEST(a_hold_stops_the_destination_and_no_other) {
  World w;
  const auto a = w.source();
  const auto b = w.source();
  w.offer(a, 1);
  w.offer(a, 2);
  w.play();
  w.answer(w.wire[0], "hold");
  w.settle_all();
  w.play();
  w.offer(b, 11);
  w.play();
  EXPECT_EQ(w.take_log(), "send 1-0; hold 0 3000; later 1-0 after 0 in 3000 (broken); send 11-0; ");
  w.pass(2999);
  EXPECT_EQ(w.take_log(), "");
  w.pass(1);
  EXPECT_EQ(w.take_log(), "send 2-0; ");
}
END_TEST

START_TEST(a_hold_catches_what_was_begun) {
  DispatcherOptions options;
  options.destination_concurrency = 2;
  World w(options);
  const auto s = w.source();
  w.offer(s, 1);
  w.play();
  w.offer(s, 2);
  w.dispatcher.on_budget(std::exchange(w.budgets, {})[0], milliseconds{0});
  w.answer(w.wire[0], "hold");
  w.take_log();
  w.play();
  EXPECT_EQ(w.take_log(), "");  // 2 was told to begin during the hold
  w.pass(3000);
  EXPECT_EQ(w.take_log(), "send 2-0; ");
}
END_TEST

START_TEST(refusals_without_a_time_back_off) {
  World w;
  const auto s = w.source();
  std::string delays;
  for (int i = 0; i < 4; ++i) {
    w.offer(s, 1);
    w.play();
    w.take_log();
    w.answer(w.wire[0], "hold without a time");
    w.settle_all();
    const auto log = w.take_log();
    delays += log.substr(0, log.find(';')) + " ";
    w.pass(100'000);
  }
  EXPECT_EQ(delays, "hold 0 1000 hold 0 2000 hold 0 4000 hold 0 8000 ");
  w.offer(s, 1);
  w.play();
  w.answer(w.wire[0], "done");
  w.settle_all();
  w.offer(s, 2);
  w.play();
  w.take_log();
  w.answer(w.wire[0], "hold without a time");
  EXPECT(w.take_log().starts_with("hold 0 1000;"));
}
END_TEST

START_TEST(the_budget_is_asked_again) {
  World w;
  const auto s = w.source();
  w.offer(s, 1);
  w.dispatcher.on_budget_failed(std::exchange(w.budgets, {})[0]);
  EXPECT(w.budgets.empty());
  w.pass(499);
  EXPECT_EQ(w.take_log(), "");
  w.pass(1);
  EXPECT_EQ(w.take_log(), "send 1-0; ");
}
END_TEST

START_TEST(what_may_not_begin_is_forgotten) {
  for (const auto answer : {Begin::kGone, Begin::kTrimmed, Begin::kLost}) {
    World w;
    const auto s = w.source();
    w.offer(s, 1);
    w.offer(s, 2);
    w.dispatcher.on_budget(std::exchange(w.budgets, {})[0], milliseconds{0});
    w.dispatcher.on_begun(std::exchange(w.begins, {})[0], answer);
    w.play();
    EXPECT_EQ_ROW(answer, w.take_log(), "send 2-0; ");
    EXPECT_EQ_ROW(answer, w.dispatcher.size(), 1U);
  }
  World w;
  const auto s = w.source();
  w.offer(s, 1);
  w.dispatcher.on_budget(std::exchange(w.budgets, {})[0], milliseconds{0});
  w.dispatcher.on_begun(std::exchange(w.begins, {})[0], Begin::kFailed);
  w.pass(500);
  EXPECT_EQ(w.take_log(), "send 1-0; ");
}
END_TEST

START_TEST(room_is_bounded_and_repeats_are_ignored) {
  DispatcherOptions options;
  options.prefetch = 3;
  World w(options);
  const auto a = w.source();
  const auto b = w.source(0);
  EXPECT_EQ(w.dispatcher.room(a), 3U);
  w.offer(a, 1);
  w.offer(a, 1);
  w.offer(b, 1);  // the same id in another stream is another delivery
  EXPECT_EQ(w.dispatcher.room(a), 2U);
  EXPECT_EQ(w.dispatcher.size(), 2U);
  w.offer(a, 2);
  w.offer(a, 3);
  EXPECT_EQ(w.dispatcher.room(a), 0U);
  EXPECT_EQ(w.dispatcher.older_room(a), 3U);  // retries still come in
  for (std::uint64_t id = 4; id <= 100; ++id) {
    w.offer(a, id);
  }
  EXPECT_EQ(w.dispatcher.older_room(a), 0U);
  EXPECT(w.dispatcher.size() <= 4U * 3U + 1U);
  w.play();
  w.answer(w.wire[0], "done");
  w.offer(a, 1);  // still settling
  const auto size = w.dispatcher.size();
  w.settle_all();
  EXPECT_EQ(w.dispatcher.size(), size - 1);
}
END_TEST

START_TEST(a_repeat_tells_whose_it_is) {
  World w;
  const auto s = w.source();
  for (const std::uint64_t id : {1, 2}) {
    w.offer(s, id);
  }
  w.play();
  Delivery again;
  again.stream = "s0";
  again.consumer = "another";
  for (const std::uint64_t id : {1, 2}) {
    again.entry.id = {id, 0};
    w.dispatcher.offer(s, again);
  }
  EXPECT_EQ(w.dispatcher.size(), 2U);
  w.answer(w.wire[0], "done");
  w.play();
  w.answer(w.wire[0], "done");
  EXPECT_EQ(w.consumers, "|another|");
}
END_TEST

START_TEST(settling_waits_for_redis) {
  World w;
  const auto s = w.source();
  w.offer(s, 1);
  w.play();
  w.answer(w.wire[0], "done");
  w.take_log();
  for (int i = 0; i < 5; ++i) {
    w.settle_all(Settled::kFailed);
    w.pass(999);
    EXPECT_EQ(w.take_log(), "");
    w.pass(1);
    EXPECT_EQ(w.take_log(), "done 1-0 after 1; ");
  }
  w.settle_all(Settled::kStale);
  EXPECT(w.dispatcher.idle());
}
END_TEST

START_TEST(drain_keeps_what_was_begun) {
  DispatcherOptions options;
  options.destination_concurrency = 3;
  World w(options);
  const auto s = w.source();
  for (std::uint64_t id = 1; id <= 4; ++id) {
    w.offer(s, id);
  }
  const auto budgets = std::exchange(w.budgets, {});
  w.dispatcher.on_budget(budgets[0], milliseconds{0});
  w.dispatcher.on_begun(std::exchange(w.begins, {})[0], Begin::kOk);  // 1 on the wire
  w.dispatcher.on_budget(budgets[1], milliseconds{0});                // 2 is begun, 3 asks
  w.dispatcher.drain();
  EXPECT_EQ(w.dispatcher.size(), 2U);
  EXPECT_EQ(w.dispatcher.room(s), 0U);
  w.offer(s, 5);
  EXPECT_EQ(w.dispatcher.size(), 2U);
  w.dispatcher.on_budget(budgets[2], milliseconds{0});  // too late: nobody asked
  w.play();
  EXPECT_EQ(w.take_log(), "send 1-0; send 2-0; ");
  w.answer(w.wire[0], "later");
  w.answer(w.wire[0], "done");
  w.settle_all();
  EXPECT(w.dispatcher.idle());
}
END_TEST

START_TEST(late_answers_are_ordinary) {
  World w;
  const auto s = w.source();
  w.offer(s, 1);
  const auto ticket = w.budgets[0];
  for (const Ticket other : {Ticket{0}, ticket, ticket + 1, ~Ticket{0}}) {
    w.dispatcher.on_begun(other, Begin::kOk);
    w.dispatcher.on_result(other, HttpResult{});
    w.dispatcher.on_settled(other, Settled::kApplied);
  }
  EXPECT_EQ(w.dispatcher.size(), 1U);
  EXPECT_EQ(w.take_log(), "");
  w.play();
  w.dispatcher.on_budget(ticket, milliseconds{5});
  w.dispatcher.on_budget_failed(ticket);
  EXPECT_EQ(w.take_log(), "send 1-0; ");
}
END_TEST

// Facts in random order: nothing is sent during a hold, limits hold, everything ends.
START_TEST(random_facts) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    unsigned state = seed;
    const auto next = [&state](unsigned bound) {
      state = state * 1'664'525U + 1'013'904'223U;
      return (state >> 16) % bound;
    };
    DispatcherOptions options;
    options.concurrency = 1 + next(4);
    options.destination_concurrency = 1 + next(3);
    options.prefetch = 1 + next(8);
    options.max_attempts = 1 + next(4);
    World w(options);
    std::vector<SourceIndex> sources = {w.source(), w.source(), w.source(0)};
    std::map<std::string, int> accepted;
    std::uint64_t id = 0;
    for (int step = 0; step < 400; ++step) {
      switch (next(7)) {
        case 0:
          w.offer(sources[next(3)], ++id, next(3), next(10) == 0);
          break;
        case 1:
          if (!w.budgets.empty()) {
            const auto ticket = w.budgets.back();
            w.budgets.pop_back();
            next(4) == 0 ? w.dispatcher.on_budget_failed(ticket)
                         : w.dispatcher.on_budget(ticket, milliseconds{next(3) * 10});
          }
          break;
        case 2:
          if (!w.begins.empty()) {
            const auto ticket = w.begins.back();
            w.begins.pop_back();
            w.dispatcher.on_begun(ticket, static_cast<Begin>(next(8) == 0 ? 1 + next(4) : 0));
          }
          break;
        case 3:
        case 4:
          if (!w.wire.empty()) {
            const char* bodies[] = {"done", "dead", "later", "hold", "hold without a time"};
            w.answer(w.wire[next(static_cast<unsigned>(w.wire.size()))], bodies[next(5)]);
          }
          break;
        case 5:
          if (!w.settling.empty()) {
            const auto ticket = w.settling.back();
            w.settling.pop_back();
            w.dispatcher.on_settled(ticket, static_cast<Settled>(next(3)));
          }
          break;
        case 6:
          w.now += next(2000);
          if (w.wake && *w.wake <= w.now) {
            w.wake.reset();
            w.dispatcher.on_wake();
          }
          break;
      }
      ck_assert(w.wire.size() + w.begins.size() + w.budgets.size() <= options.concurrency);
    }
    w.dispatcher.drain();
    for (int i = 0; i < 100 && !w.dispatcher.idle(); ++i) {
      w.play();
      if (!w.wire.empty()) {
        w.answer(w.wire[0], "done");
      }
      w.settle_all();
      w.now += 1000;
      w.dispatcher.on_wake();
    }
    EXPECT_ROW(seed, w.dispatcher.idle());
  }
}
END_TEST

// What was removed leaves its numbers to others, and nothing of what it was.
START_TEST(places_are_given_again) {
  World w;
  const auto kept = w.dispatcher.add_destination(w.target);
  const auto first = w.source(kept);
  const auto left = w.dispatcher.add_destination(w.target);
  const auto second = w.source(left);
  w.offer(second, 1);
  w.play();
  EXPECT(!w.dispatcher.idle(second));
  EXPECT(w.dispatcher.idle(first));
  w.answer(w.wire[0], "hold");
  w.settle_all();
  EXPECT(w.dispatcher.idle(second));
  w.dispatcher.remove_source(second);
  w.dispatcher.remove_destination(left);
  EXPECT_EQ(w.dispatcher.add_destination(w.target), left);
  EXPECT_EQ(w.source(left), second);
  w.take_log();
  w.offer(second, 1);  // known to the one before, and its hold was its own
  w.offer(first, 1);
  w.play();
  EXPECT_EQ(w.take_log(), "send 1-0; send 1-0; ");
  EXPECT_EQ(w.source(), second + 1);
}
END_TEST

}  // namespace

CHECK_MAIN("dispatcher", a_delivery_goes_through, verdicts_become_settlements,
           what_cannot_be_sent_is_dead, concurrency_is_bounded, one_at_a_time_keeps_the_order,
           a_hold_stops_the_destination_and_no_other, a_hold_catches_what_was_begun,
           refusals_without_a_time_back_off, the_budget_is_asked_again,
           what_may_not_begin_is_forgotten, room_is_bounded_and_repeats_are_ignored,
           a_repeat_tells_whose_it_is, settling_waits_for_redis, drain_keeps_what_was_begun,
           late_answers_are_ordinary, random_facts, places_are_given_again)
