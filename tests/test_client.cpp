#include "shared/redis/client.hpp"

#include <algorithm>
#include <optional>

#include "shared/redis/schema.hpp"
#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using namespace notify::test;

namespace {

const Script kScript{"one", "return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"};

struct Outcome {
  int calls = 0;
  std::string text;
  std::optional<ErrorKind> error;
  std::uint64_t at = 0;

  [[nodiscard]] bool is(ErrorKind kind) const { return calls == 1 && error == kind; }
  [[nodiscard]] bool is(std::string_view reply) const {
    return calls == 1 && !error && text == reply;
  }
};

struct Fixture {
  Fixture() : server(host) {
    server.answer = echo;
    options.link.url = server.url();
    options.link.scripts = {&kScript};
  }
  void make() {
    client.emplace(host, options);
    client->on_change([this](bool ready) { changes += ready ? "+" : "-"; });
    client->start();
  }
  bool get_ready() {
    make();
    return host.run_until([&] { return client->ready(); });
  }
  Pending submit(std::string text, Outcome& outcome, Milliseconds wait = Milliseconds{2000},
                 Repeat repeat = Repeat::kNever) {
    return client->submit({.arguments = {"ECHO", std::move(text)}, .repeat = repeat, .wait = wait},
                          record(outcome));
  }
  Completion record(Outcome& outcome) {
    return [this, &outcome](Result<Reply> result) {
      ++outcome.calls;
      outcome.at = host.now_ms();
      if (result.ok()) {
        outcome.text = result->text();
      } else {
        outcome.error = result.error().kind;
        outcome.text = result.error().message;
      }
    };
  }
  static std::string echo(const FakeServer::Arguments& command) {
    if (const auto greeting = FakeServer::greeting(command)) {
      return *greeting;
    }
    const std::string& last = command.back();
    return "$" + std::to_string(last.size()) + "\r\n" + last + "\r\n";
  }
  [[nodiscard]] std::vector<std::string> echoed() const {
    std::vector<std::string> texts;
    for (const auto& command : server.commands) {
      if (command[0] == "ECHO") {
        texts.push_back(command[1]);
      }
    }
    return texts;
  }

  PollHost host;
  FakeServer server;
  Client::Options options;
  std::string changes;
  std::optional<Client> client;
};

START_TEST(waits_for_the_link) {
  Fixture f;
  f.server.close_all();
  f.make();
  f.host.run_for(Milliseconds{500});
  std::vector<Outcome> outcomes(10);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    // Different waits must not change the order.
    f.submit(std::to_string(i), outcomes[i], Milliseconds{i % 2 == 0 ? 2000 : 3000}).release();
  }
  EXPECT_EQ(f.client->outstanding(), 10U);
  EXPECT(f.host.holding());
  f.host.run_for(Milliseconds{1000});
  f.server.listen_on();
  EXPECT(f.host.run_until([&] { return outcomes.back().calls > 0; }));
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_ROW(i, outcomes[i].is(std::to_string(i)));
    EXPECT_EQ_ROW(i, f.echoed()[i], std::to_string(i));
  }
  EXPECT_EQ(f.client->outstanding(), 0U);
  EXPECT_EQ(f.changes, "+");
  EXPECT(!f.host.holding());
}
END_TEST

START_TEST(waits_no_longer_than_it_may) {
  Fixture f;
  f.server.close_all();
  f.make();
  f.host.run_for(Milliseconds{100});
  const std::uint64_t start = f.host.now_ms();
  Outcome none, brief, longer;
  f.submit("longer", longer, Milliseconds{2000}).release();
  f.submit("none", none, Milliseconds{0}).release();
  f.submit("brief", brief, Milliseconds{300}).release();
  EXPECT_EQ(none.calls, 0);  // not inside the call
  f.host.settle();
  EXPECT(none.is(ErrorKind::kUnavailable));
  EXPECT(f.host.run_until([&] { return longer.calls > 0; }));
  EXPECT(brief.is(ErrorKind::kUnavailable));
  EXPECT(longer.is(ErrorKind::kUnavailable));
  EXPECT_EQ(brief.at - start, 300U);
  EXPECT_EQ(longer.at - start, 2000U);
  EXPECT(!longer.text.empty());
  EXPECT(!f.host.holding());
}
END_TEST

START_TEST(the_waiting_room_is_bounded) {
  Fixture f;
  f.server.close_all();
  f.options.max_pending = 3;
  f.make();
  std::vector<Outcome> outcomes(5);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    f.submit(std::to_string(i), outcomes[i]).release();
  }
  f.host.settle();
  EXPECT(outcomes[3].is(ErrorKind::kUnavailable));
  EXPECT(outcomes[4].is(ErrorKind::kUnavailable));
  EXPECT_EQ(f.client->outstanding(), 3U);
  f.server.listen_on();
  EXPECT(f.host.run_until([&] { return outcomes[2].calls > 0; }));
  EXPECT(outcomes[2].is("2"));
}
END_TEST

// Of reads so many are in flight as fit; the others are sent when these are answered, in their order,
// but for those that nobody wants any more. What is no read passes them, and so do the other Sender's.
START_TEST(reads_take_turns) {
  Fixture f;
  bool answers = false;
  f.server.answer = [&](const FakeServer::Arguments& command) {
    return answers ? Fixture::echo(command) : FakeServer::greeting(command).value_or("");
  };
  f.options.max_read_bytes = 3 * kLargeEntry;
  EXPECT(f.get_ready());
  std::vector<Outcome> reads(6);
  std::vector<Pending> pending;
  const auto read = [&](std::string text, std::size_t bytes, Sender sender, Outcome& outcome) {
    return f.client->submit(
        {.arguments = {"ECHO", std::move(text)}, .sender = sender, .reads = bytes},
        f.record(outcome));
  };
  for (std::size_t i = 0; i < reads.size(); ++i) {
    const std::size_t bytes = i == 1 ? 2 * kLargeEntry : 10;  // a small one counts as a large entry
    pending.push_back(read(std::to_string(i), bytes, Sender::kClient, reads[i]));
  }
  Outcome own, other;
  Pending own_pending =
      read("own", 9 * kLargeEntry, Sender::kProduct, own);  // alone it always fits
  f.submit("other", other).release();
  pending[3].detach();
  f.host.settle();
  EXPECT((f.echoed() == std::vector<std::string>{"0", "1", "own", "other"}));
  answers = true;
  f.client->reset("test");  // what was written is unknown, what waits is held for nothing
  EXPECT(f.host.run_until([&] { return f.client->ready(); }));
  EXPECT(reads[0].is(ErrorKind::kUnknownOutcome));
  EXPECT(reads[1].is(ErrorKind::kUnknownOutcome));
  EXPECT(reads[2].is(ErrorKind::kUnavailable));
  EXPECT_EQ(reads[3].calls, 0);
  EXPECT(reads[5].is(ErrorKind::kUnavailable));
  EXPECT(own.is(ErrorKind::kUnknownOutcome));

  f.server.commands.clear();
  std::vector<Outcome> again(40);
  for (std::size_t i = 0; i < again.size(); ++i) {
    read(std::to_string(i), 10, Sender::kClient, again[i]).release();
  }
  EXPECT(f.host.run_until([&] { return again.back().calls > 0; }));
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_ROW(i, again[i].is(std::to_string(i)));
    EXPECT_EQ_ROW(i, f.echoed()[i], std::to_string(i));
  }
}
END_TEST

// Those that may wait for the link do so, also when it goes while they wait for their turn.
START_TEST(reads_that_wait_survive_the_link) {
  Fixture f;
  bool answers = false;
  f.server.answer = [&](const FakeServer::Arguments& command) {
    return answers ? Fixture::echo(command) : FakeServer::greeting(command).value_or("");
  };
  f.options.max_read_bytes = 2 * kLargeEntry;
  EXPECT(f.get_ready());
  std::vector<Outcome> reads(9);
  for (std::size_t i = 0; i < reads.size(); ++i) {
    f.client
        ->submit({.arguments = {"ECHO", std::to_string(i)},
                  .repeat = Repeat::kSafe,
                  .wait = Milliseconds{2000},
                  .reads = 10},
                 f.record(reads[i]))
        .release();
  }
  f.host.settle();
  EXPECT_EQ(f.echoed().size(), 2U);
  answers = true;
  f.server.drop_clients();
  EXPECT(f.host.run_until([&] { return reads.back().calls > 0; }));
  for (std::size_t i = 0; i < reads.size(); ++i) {
    EXPECT_ROW(i, reads[i].is(std::to_string(i)));
  }
  EXPECT_EQ(f.client->outstanding(), 0U);
}
END_TEST

// Redis is there, takes commands, and answers nothing.
START_TEST(a_server_that_stands_still_is_bounded_too) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) {
    return FakeServer::greeting(command).value_or("");
  };
  f.options.max_pending = 3;
  f.options.max_pending_bytes = 100'000;
  EXPECT(f.get_ready());
  std::vector<Outcome> outcomes(4);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    f.submit(std::to_string(i), outcomes[i]).release();
  }
  Outcome own;
  f.client->submit({.arguments = {"ECHO", "own"}, .sender = Sender::kProduct}, f.record(own))
      .release();
  f.host.settle();
  EXPECT(outcomes[3].is(ErrorKind::kUnavailable));
  EXPECT_EQ(f.client->outstanding(), 4U);
  EXPECT((f.echoed() == std::vector<std::string>{"0", "1", "2", "own"}));
  f.client.reset();  // tells those that are left
}
END_TEST

START_TEST(bytes_are_bounded_with_what_waits_for_them) {
  Fixture f;
  bool answers = false;
  f.server.answer = [&](const FakeServer::Arguments& command) {
    return answers ? Fixture::echo(command) : FakeServer::greeting(command).value_or("");
  };
  int relieved = 0;
  f.options.max_pending_bytes = 100'000;
  f.options.relieved = [&] { ++relieved; };
  EXPECT(f.get_ready());
  Outcome first, second, third, huge;
  f.submit(std::string(60'000, 'x'), first).release();
  f.submit(std::string(50'000, 'x'), second).release();
  f.client
      ->submit({.arguments = {"ECHO", "x"}, .wait = Milliseconds{2000}, .held = 50'000},
               f.record(third))
      .release();
  f.host.settle();
  EXPECT(second.is(ErrorKind::kUnavailable));
  EXPECT(third.is(ErrorKind::kUnavailable));
  EXPECT_EQ(first.calls, 0);
  EXPECT_EQ(relieved, 0);
  answers = true;
  f.server.drop_clients();
  EXPECT(f.host.run_until([&] { return first.calls > 0 && f.client->ready(); }));
  EXPECT_EQ(relieved, 1);
  // What is larger than all of it is sent when nothing else is pending.
  f.submit(std::string(150'000, 'x'), huge).release();
  EXPECT(f.host.run_until([&] { return huge.calls > 0; }));
  EXPECT(!huge.error);
}
END_TEST

START_TEST(only_what_may_be_repeated_is_sent_again) {
  Fixture f;
  bool answers = false;
  f.server.answer = [&](const FakeServer::Arguments& command) {
    return answers ? Fixture::echo(command) : FakeServer::greeting(command).value_or("");
  };
  EXPECT(f.get_ready());
  Outcome once, again, again_no_wait, written_late;
  f.submit("once", once).release();
  f.submit("again", again, Milliseconds{2000}, Repeat::kSafe).release();
  f.submit("no wait", again_no_wait, Milliseconds{0}, Repeat::kSafe).release();
  f.host.settle();
  f.server.drop_clients();
  answers = true;
  EXPECT(f.host.run_until([&] { return again.calls > 0; }));
  EXPECT(once.is(ErrorKind::kUnknownOutcome));
  EXPECT(again_no_wait.is(ErrorKind::kUnknownOutcome));
  EXPECT(again.is("again"));
  EXPECT((f.echoed() == std::vector<std::string>{"once", "again", "no wait", "again"}));
  EXPECT_EQ(f.changes, "+-+");
}
END_TEST

START_TEST(a_repeat_that_finds_no_link_is_not_called_undone) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) {
    return FakeServer::greeting(command).value_or("");
  };
  EXPECT(f.get_ready());
  Outcome outcome, later;
  f.submit("x", outcome, Milliseconds{1000}, Repeat::kSafe).release();
  f.host.settle();
  f.server.close_all();
  f.host.settle();
  f.submit("y", later, Milliseconds{1000}, Repeat::kSafe).release();
  EXPECT(f.host.run_until([&] { return later.calls > 0; }));
  EXPECT(outcome.is(ErrorKind::kUnknownOutcome));  // it was written once
  EXPECT(later.is(ErrorKind::kUnavailable));
}
END_TEST

START_TEST(a_forgotten_script_is_sent_whole) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
    if (command[0] == "EVALSHA") {
      return "-NOSCRIPT No matching script. Please use EVAL.\r\n";
    }
    return Fixture::echo(command);
  };
  EXPECT(f.get_ready());
  Outcome script, plain;
  f.client
      ->submit({.arguments = {"EVALSHA", std::string(kScript.sha1), "1", "key", "argument"},
                .wait = Milliseconds{100},
                .script = &kScript},
               f.record(script))
      .release();
  f.client->submit({.arguments = {"EVALSHA", "0123", "0"}}, f.record(plain)).release();
  EXPECT(f.host.run_until([&] { return script.calls > 0 && plain.calls > 0; }));
  EXPECT(script.is("argument"));
  EXPECT((f.server.commands.back() ==
          FakeServer::Arguments{"EVAL", "return 1", "1", "key", "argument"}));
  EXPECT_EQ(plain.error.has_value(), false);  // its sender sees the reply
  EXPECT(plain.text.starts_with("NOSCRIPT"));
}
END_TEST

// EVAL may answer NOSCRIPT, too, where a script calls EVALSHA itself: once is enough.
START_TEST(a_script_is_sent_whole_only_once) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
    return command[0].starts_with("EVAL") ? "-NOSCRIPT No matching script.\r\n"
                                          : Fixture::echo(command);
  };
  EXPECT(f.get_ready());
  Outcome outcome;
  f.client
      ->submit({.arguments = {"EVALSHA", std::string(kScript.sha1), "0"}, .script = &kScript},
               f.record(outcome))
      .release();
  EXPECT(f.host.run_until([&] { return outcome.calls > 0; }));
  EXPECT(outcome.text.starts_with("NOSCRIPT"));
  EXPECT_EQ(std::count_if(f.server.commands.begin(), f.server.commands.end(),
                          [](const auto& c) { return c[0].starts_with("EVAL"); }),
            2);
}
END_TEST

START_TEST(a_demoted_server_is_left_and_nothing_is_lost) {
  Fixture f;
  bool demoted = true;
  f.server.answer = [&](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "ECHO" && demoted ? "-READONLY You can't write against a read only "
                                             "replica.\r\n"
                                           : Fixture::echo(command);
  };
  EXPECT(f.get_ready());
  std::vector<Outcome> outcomes(5);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    f.submit(std::to_string(i), outcomes[i]).release();
  }
  f.host.run_until([&] { return f.changes == "+-"; });
  demoted = false;
  EXPECT(f.host.run_until([&] { return outcomes.back().calls > 0; }));
  const auto echoed = f.echoed();
  EXPECT_EQ(echoed.size(), 10U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_ROW(i, outcomes[i].is(std::to_string(i)));
    EXPECT_EQ_ROW(i, echoed[5 + i], std::to_string(i));  // in the old order
  }
}
END_TEST

START_TEST(nobody_overtakes_the_waiting) {
  Fixture f;
  f.server.close_all();
  f.make();
  Outcome first, second;
  std::string order;
  f.submit("first", first).release();
  f.client->on_change([&](bool ready) {
    order += ready ? "ready " : "lost ";
    if (ready) {
      f.submit("second", second).release();
    }
  });
  f.server.listen_on();
  EXPECT(f.host.run_until([&] { return second.calls > 0; }));
  EXPECT((f.echoed() == std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(order, "ready ");
}
END_TEST

START_TEST(counts_who_listens) {
  Fixture f;
  f.server.close_all();
  f.make();
  Outcome a, b, c;
  Pending first = f.submit("a", a);
  Pending second = f.submit("b", b);
  f.submit("c", c).release();
  EXPECT_EQ(f.client->outstanding(), 3U);
  first.detach();
  EXPECT_EQ(f.client->outstanding(), 2U);
  f.server.listen_on();
  f.host.run_until([&] { return f.client->ready(); });
  second = Pending();
  EXPECT_EQ(f.client->outstanding(), 1U);
  EXPECT(f.host.run_until([&] { return c.calls > 0; }));
  EXPECT_EQ(f.client->outstanding(), 0U);
  EXPECT_EQ(a.calls + b.calls, 0);
  EXPECT(c.is("c"));
}
END_TEST

START_TEST(may_be_destroyed_anywhere) {
  {  // in the completion of a command, others in flight
    Fixture f;
    EXPECT(f.get_ready());
    Outcome second;
    int first = 0;
    f.client
        ->submit({.arguments = {"ECHO", "1"}},
                 [&](const Result<Reply>&) {
                   ++first;
                   f.client.reset();
                 })
        .release();
    f.submit("2", second).release();
    f.host.run_until([&] { return second.calls > 0; });
    f.host.settle();
    EXPECT_EQ(first, 1);
    EXPECT(second.is(ErrorKind::kUnknownOutcome));
  }
  {  // in the completion of one whose wait is over, others waiting
    Fixture f;
    f.server.close_all();
    f.make();
    Outcome second;
    int first = 0;
    f.client
        ->submit({.arguments = {"ECHO", "1"}, .wait = Milliseconds{50}},
                 [&](const Result<Reply>&) {
                   ++first;
                   f.client.reset();
                 })
        .release();
    f.submit("2", second).release();
    f.host.run_until([&] { return second.calls > 0; });
    f.host.settle();
    EXPECT_EQ(first, 1);
    EXPECT(second.is(ErrorKind::kUnavailable));
  }
  for (const bool wanted : {true, false}) {  // when told of a change
    Fixture f;
    f.make();
    f.client->on_change([&](bool ready) {
      if (ready == wanted) {
        f.client.reset();
      }
    });
    f.host.settle();
    f.server.drop_clients();
    f.host.settle();
    EXPECT(!f.client.has_value());
  }
  {  // before a refusal is told
    Fixture f;
    f.server.close_all();
    f.make();
    Outcome outcome;
    f.submit("1", outcome, Milliseconds{0}).release();
    f.client.reset();
    f.host.settle();
    EXPECT(outcome.is(ErrorKind::kUnavailable));
  }
}
END_TEST

START_TEST(stop_answers_everybody) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) {
    return FakeServer::greeting(command).value_or("");
  };
  EXPECT(f.get_ready());
  Outcome written, late;
  f.submit("written", written, Milliseconds{2000}, Repeat::kSafe).release();
  f.host.settle();
  f.client->stop();
  EXPECT(written.is(ErrorKind::kUnknownOutcome));
  f.submit("late", late).release();
  f.host.settle();
  EXPECT(late.is(ErrorKind::kUnavailable));
  EXPECT(!f.host.holding());
  EXPECT_EQ(f.changes, "+");
}
END_TEST

}  // namespace

CHECK_MAIN("client", waits_for_the_link, waits_no_longer_than_it_may, the_waiting_room_is_bounded,
           a_server_that_stands_still_is_bounded_too, bytes_are_bounded_with_what_waits_for_them,
           reads_take_turns, reads_that_wait_survive_the_link,
           only_what_may_be_repeated_is_sent_again,
           a_repeat_that_finds_no_link_is_not_called_undone, a_forgotten_script_is_sent_whole,
           a_script_is_sent_whole_only_once, a_demoted_server_is_left_and_nothing_is_lost,
           nobody_overtakes_the_waiting, counts_who_listens, may_be_destroyed_anywhere,
           stop_answers_everybody)
