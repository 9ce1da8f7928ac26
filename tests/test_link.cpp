#include "tests/link_fixture.hpp"

#include <algorithm>
#include <memory>

#include "shared/redis/schema.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using namespace notify::test;

namespace {

const Script kScript{"one", "return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"};

START_TEST(greets_in_order) {
  LinkOptions options;
  options.url.user = "me";
  options.url.password = "secret";
  options.url.db = 3;
  options.client_name = "worker-1";
  options.scripts = {&kScript};
  Fixture f(options);
  EXPECT(!f.link->ready());
  EXPECT(f.get_ready());
  EXPECT_EQ(f.watcher.events, "+");
  EXPECT_EQ(f.link->last_error(), "");
  const char* expected[] = {"AUTH me secret", "SELECT 3", "CLIENT SETNAME worker-1",
                            "SCRIPT LOAD return 1", "PING"};
  EXPECT_EQ(f.server.commands.size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    EXPECT_EQ_ROW(i, joined(f.server.commands[i]), expected[i]);
  }
  for (const std::string& line : f.host.lines) {
    EXPECT_ROW(line, line.find("secret") == std::string::npos);
  }
  EXPECT(!f.host.holding());
}
END_TEST

START_TEST(answers_come_in_order_however_they_are_cut) {
  for (const std::size_t piece : {0, 1, 2, 3, 7}) {
    Fixture f;
    f.server.answer = echo;
    f.server.piece = piece;
    EXPECT(f.get_ready());
    std::vector<Outcome> outcomes(20);
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      f.send({"ECHO", std::string(i, 'x') + std::to_string(i)}, outcomes[i]).release();
    }
    EXPECT(f.host.holding());
    EXPECT(f.host.run_until([&] { return f.link->in_flight() == 0; }));
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      EXPECT_ROW(piece, outcomes[i].is(std::string(i, 'x') + std::to_string(i)));
    }
    EXPECT_EQ(f.watcher.events, "+");
    EXPECT(!f.host.holding());
  }
}
END_TEST

// The stream of answers is cut off after each number of bytes: each command ends exactly once, with
// its answer if that came whole; the link comes back.
START_TEST(a_cut_at_every_byte) {
  constexpr std::size_t kAll = 200;
  bool survived_whole = false;
  for (std::size_t cut = 0; cut < kAll; ++cut) {
    Fixture f;
    f.server.answer = echo;
    f.server.cut_after = cut == 0 ? std::string::npos : cut;
    f.link->start();
    f.host.run_until([&] { return f.link->ready() || !f.link->last_error().empty(); });
    std::vector<Outcome> outcomes(6);
    const bool was_ready = f.link->ready();
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      f.send({"ECHO", "answer" + std::to_string(i)}, outcomes[i]).release();
    }
    f.host.run_until([&] {
      return std::all_of(outcomes.begin(), outcomes.end(), [](auto& o) { return o.calls > 0; });
    });
    bool failed = false;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      EXPECT_EQ_ROW(cut, outcomes[i].calls, 1);
      if (outcomes[i].error) {
        failed = true;
        const bool arrived =
            std::any_of(f.server.commands.begin(), f.server.commands.end(),
                        [&](const auto& c) { return c.back() == "answer" + std::to_string(i); });
        EXPECT_ROW(cut, was_ready || !arrived);
        EXPECT_EQ_ROW(cut, *outcomes[i].error,
                      arrived ? ErrorKind::kUnknownOutcome : ErrorKind::kUnavailable);
      } else {
        EXPECT_ROW(cut, !failed);  // no answer after a missing one
        EXPECT_ROW(cut, outcomes[i].is("answer" + std::to_string(i)));
      }
    }
    survived_whole = survived_whole || (cut > 0 && !failed);
    f.server.cut_after = std::string::npos;
    f.host.settle();
    EXPECT_ROW(cut, f.host.run_until([&] { return f.link->ready(); }));
    Outcome again;
    f.send({"ECHO", "again"}, again).release();
    EXPECT_ROW(cut, f.host.run_until([&] { return again.calls > 0; }));
    EXPECT_ROW(cut, again.is("again"));
  }
  EXPECT(survived_whole);
}
END_TEST

START_TEST(waits_for_a_server_that_comes_later) {
  Fixture f;
  f.server.close_all();
  f.link->start();
  f.host.run_for(Milliseconds{3000});
  EXPECT(!f.link->ready());
  EXPECT(!f.link->last_error().empty());
  EXPECT_EQ(f.host.lines.size(), 1U);  // said once
  f.server.listen_on();
  const std::uint64_t back = f.host.now_ms();
  EXPECT(f.host.run_until([&] { return f.link->ready(); }));
  EXPECT(f.host.now_ms() - back <= 300);
  EXPECT_EQ(f.watcher.events, "+");
}
END_TEST

START_TEST(comes_back_soon_after_a_loss) {
  Fixture f;
  EXPECT(f.get_ready());
  f.host.run_for(Milliseconds{1000});
  f.server.drop_clients();
  const std::uint64_t lost = f.host.now_ms();
  EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
  EXPECT(f.host.now_ms() - lost <= 50);
}
END_TEST

START_TEST(a_wrong_password_is_told) {
  LinkOptions options;
  options.url.password = "wrong";
  Fixture f(options);
  f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "AUTH"
               ? "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
               : "-NOAUTH Authentication required.\r\n";
  };
  f.link->start();
  f.host.run_for(Milliseconds{2000});
  EXPECT(!f.link->ready());
  EXPECT_EQ(f.link->last_error(), "WRONGPASS invalid username-password pair or user is disabled.");
  EXPECT(f.server.accepted <= 10);  // the longest wait from the first time on
  EXPECT_EQ(f.watcher.events, "");
}
END_TEST

START_TEST(loading_is_not_ready) {
  Fixture f;
  bool loading = true;
  f.server.answer = [&](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "PING" && loading ? "-LOADING Redis is loading the dataset in memory\r\n"
                                           : echo(command);
  };
  f.link->start();
  f.host.run_for(Milliseconds{1000});
  EXPECT_EQ(f.watcher.events, "");
  EXPECT(f.link->last_error().starts_with("LOADING"));
  loading = false;
  EXPECT(f.host.run_until([&] { return f.link->ready(); }, Milliseconds{300}));
}
END_TEST

START_TEST(a_silent_server_is_given_up) {
  LinkOptions options;
  options.command_timeout = Milliseconds{500};
  Fixture f(options);
  f.server.deaf = true;  // accepts, and that is all
  f.link->start();
  f.host.run_for(Milliseconds{2000});
  EXPECT_EQ(f.link->last_error(), "no answer to the greeting within 500 ms");
  f.server.deaf = false;
  EXPECT(f.host.run_until([&] { return f.link->ready(); }));
}
END_TEST

START_TEST(a_deadline_ends_the_link) {
  Fixture f;
  bool silent = true;
  f.server.answer = [&](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "HANG" && silent ? "" : echo(command);
  };
  EXPECT(f.get_ready());
  Outcome before, hung, behind, brief;
  f.send({"ECHO", "before"}, before).release();
  f.send({"HANG"}, hung, Milliseconds{5000}).release();
  f.send({"ECHO", "behind"}, behind).release();  // 2,000 ms: due before the one in front
  const std::uint64_t sent = f.host.now_ms();
  // The answer to what stands behind comes, too, but cannot be told from the missing one's.
  f.server.answer = [](const FakeServer::Arguments&) { return ""; };
  EXPECT(f.host.run_until([&] { return behind.calls > 0; }));
  EXPECT(f.host.now_ms() - sent >= 2000 && f.host.now_ms() - sent <= 2100);
  EXPECT(hung.is(ErrorKind::kUnknownOutcome));
  EXPECT(behind.is(ErrorKind::kUnknownOutcome));
  f.server.answer = echo;
  EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
}
END_TEST

START_TEST(deadlines_do_not_add_up) {
  Fixture f;
  f.server.answer = echo;
  EXPECT(f.get_ready());
  for (int i = 0; i < 50; ++i) {  // far longer than one deadline in all
    Outcome outcome;
    f.send({"ECHO", "x"}, outcome).release();
    f.host.run_until([&] { return outcome.calls > 0; });
    EXPECT(outcome.is("x"));
    f.host.run_for(Milliseconds{100});
  }
  EXPECT_EQ(f.watcher.events, "+");
}
END_TEST

START_TEST(what_was_never_written_did_not_happen) {
  Fixture f;
  EXPECT(f.get_ready());
  f.server.deaf = true;
  Outcome small, large, behind;
  f.server.answer = [](const FakeServer::Arguments&) { return ""; };
  f.host.settle();
  f.send({"SET", "a", "1"}, small).release();
  f.host.settle();
  f.send({"SET", "b", std::string(16 << 20, 'x')}, large).release();  // more than a socket takes
  f.send({"SET", "c", "1"}, behind).release();
  f.host.settle();
  f.server.close_all();
  EXPECT(f.host.run_until([&] { return behind.calls > 0; }));
  EXPECT(small.is(ErrorKind::kUnknownOutcome));
  EXPECT(large.is(ErrorKind::kUnavailable));
  EXPECT(behind.is(ErrorKind::kUnavailable));
}
END_TEST

START_TEST(large_commands_and_replies_pass) {
  Fixture f;
  f.server.answer = echo;
  EXPECT(f.get_ready());
  std::vector<Outcome> outcomes(4);
  const std::string large(5 << 20, 'y');
  for (Outcome& outcome : outcomes) {
    f.send({"ECHO", large}, outcome).release();
  }
  EXPECT(f.host.run_until([&] { return outcomes.back().calls > 0; }));
  for (const Outcome& outcome : outcomes) {
    EXPECT(outcome.is(large));
  }
}
END_TEST

START_TEST(no_room_for_a_descriptor) {
  Fixture f;
  f.host.no_room = true;
  f.link->start();
  f.host.run_for(Milliseconds{600});
  EXPECT_EQ(f.link->last_error(), "no free connection");
  f.host.no_room = false;
  EXPECT(f.host.run_until([&] { return f.link->ready(); }));
}
END_TEST

START_TEST(addresses_that_lead_nowhere) {
  PollHost host(Clock::kReal);
  Watcher watcher;
  LinkOptions options;
  options.url.host = "127.0.0.1";
  options.url.port = 1;
  Link link(host, options, watcher);
  link.start();
  EXPECT(host.run_until([&] { return !link.last_error().empty(); }));
  EXPECT_EQ(link.last_error(), "Connection refused");
  LinkOptions path;
  path.url.unix_path = "/nonexistent/redis.sock";
  Link unix_link(host, path, watcher);
  unix_link.start();
  EXPECT(host.run_until([&] { return !unix_link.last_error().empty(); }));
}
END_TEST

}  // namespace

CHECK_MAIN("link", greets_in_order, answers_come_in_order_however_they_are_cut, a_cut_at_every_byte,
           waits_for_a_server_that_comes_later, comes_back_soon_after_a_loss,
           a_wrong_password_is_told, loading_is_not_ready, a_silent_server_is_given_up,
           a_deadline_ends_the_link, deadlines_do_not_add_up, what_was_never_written_did_not_happen,
           large_commands_and_replies_pass, no_room_for_a_descriptor, addresses_that_lead_nowhere)
