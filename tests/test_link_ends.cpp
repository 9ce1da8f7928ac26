#include "tests/link_fixture.hpp"

#include <algorithm>
#include <memory>

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using namespace notify::test;

namespace {

START_TEST(not_ready_is_told_later) {
  Fixture f;
  Outcome outcome;
  f.send({"ECHO", "x"}, outcome).release();
  EXPECT_EQ(outcome.calls, 0);
  f.host.settle();
  EXPECT(outcome.is(ErrorKind::kUnavailable));
  Outcome dropped, closed;
  { const Pending handle = f.send({"ECHO", "x"}, dropped); }
  const Pending kept = f.send({"ECHO", "x"}, closed);
  EXPECT(!kept.done());
  f.link.reset();
  EXPECT(kept.done());
  EXPECT_EQ(dropped.calls, 0);
  EXPECT(closed.is(ErrorKind::kUnavailable));
  f.host.settle();
  EXPECT_EQ(closed.calls, 1);
}
END_TEST

START_TEST(a_dropped_handle_is_not_called) {
  Fixture f;
  f.server.answer = echo;
  EXPECT(f.get_ready());
  Outcome dropped, replaced, kept;
  auto freed = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = freed;
  Pending handle = f.link->send(std::vector<std::string_view>{"ECHO", "1"},
                                [freed, &dropped](const Result<Reply>&) { ++dropped.calls; });
  freed.reset();
  EXPECT(!weak.expired());
  handle.detach();
  EXPECT(weak.expired());  // what the completion held is freed at once
  EXPECT(handle.done());
  handle.detach();
  handle = f.send({"ECHO", "2"}, replaced);
  handle = f.send({"ECHO", "3"}, kept);
  EXPECT_EQ(f.link->in_flight(), 3U);
  EXPECT(f.host.run_until([&] { return kept.calls > 0; }));
  EXPECT_EQ(dropped.calls, 0);
  EXPECT_EQ(replaced.calls, 0);
  EXPECT(kept.is("3"));
  EXPECT(handle.done());
}
END_TEST

// The completion may drop its own handle, and with it what it captured itself.
START_TEST(a_completion_may_drop_itself) {
  Fixture f;
  f.server.answer = echo;
  EXPECT(f.get_ready());
  struct Request {
    Pending pending;
    std::string text;
  };
  auto request = std::make_unique<Request>();
  Request* raw = request.get();
  bool called = false;
  raw->pending = f.link->send(std::vector<std::string_view>{"ECHO", "x"},
                              [&called, owned = std::make_shared<std::unique_ptr<Request>>(
                                            std::move(request))](Result<Reply> result) {
                                (*owned)->text = result->text();
                                owned->reset();
                                called = true;
                              });
  EXPECT(f.host.run_until([&] { return called; }));
}
END_TEST

START_TEST(may_be_destroyed_anywhere) {
  {  // in a completion, with others behind
    Fixture f;
    f.server.answer = echo;
    EXPECT(f.get_ready());
    Outcome first, second;
    f.link
        ->send(std::vector<std::string_view>{"ECHO", "1"},
               [&](const Result<Reply>&) {
                 ++first.calls;
                 f.link.reset();
               })
        .release();
    f.send({"ECHO", "2"}, second).release();
    f.host.run_until([&] { return second.calls > 0; });
    EXPECT_EQ(first.calls, 1);
    EXPECT(second.is(ErrorKind::kUnknownOutcome));
    f.host.settle();
  }
  {  // in a completion that reports a loss
    Fixture f;
    f.server.answer = [](const FakeServer::Arguments& command) {
      return FakeServer::greeting(command).value_or("");
    };
    EXPECT(f.get_ready());
    Outcome first, second;
    f.link
        ->send(std::vector<std::string_view>{"ECHO", "1"},
               [&](const Result<Reply>&) {
                 ++first.calls;
                 f.link.reset();
               })
        .release();
    f.send({"ECHO", "2"}, second).release();
    f.host.settle();
    f.server.drop_clients();
    f.host.run_until([&] { return second.calls > 0; });
    EXPECT_EQ(first.calls, 1);
    EXPECT_EQ(second.calls, 1);
    f.host.settle();
  }
  {  // when it is ready
    Fixture f;
    f.watcher.ready = [&] { f.link.reset(); };
    f.link->start();
    f.host.settle();
    EXPECT_EQ(f.watcher.events, "+");
  }
  {  // when it is lost, while a command is in flight
    Fixture f;
    f.server.answer = [](const FakeServer::Arguments& command) {
      return FakeServer::greeting(command).value_or("");
    };
    EXPECT(f.get_ready());
    Outcome outcome;
    f.send({"ECHO", "1"}, outcome).release();
    f.watcher.lost = [&] { f.link.reset(); };
    f.host.settle();
    f.server.drop_clients();
    f.host.settle();
    EXPECT_EQ(f.watcher.events, "+-");
    EXPECT_EQ(outcome.calls, 1);
  }
  {  // in a message, more of them behind it
    Fixture f;
    EXPECT(f.get_ready());
    f.link->subscribe(std::vector<std::string_view>{"a"});
    f.watcher.message = [&] { f.link.reset(); };
    f.host.settle();
    f.server.say(
        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n"
        "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\ny\r\n");
    f.host.settle();
    EXPECT(f.watcher.messages.size() <= 1);
  }
  {  // by the timer of a deadline
    Fixture f;
    f.server.answer = [](const FakeServer::Arguments& command) {
      return FakeServer::greeting(command).value_or("");
    };
    EXPECT(f.get_ready());
    f.link
        ->send(std::vector<std::string_view>{"ECHO", "1"},
               [&](const Result<Reply>&) { f.link.reset(); })
        .release();
    f.host.run_until([&] { return !f.link.has_value(); });
    f.host.settle();
    EXPECT(!f.link.has_value());
  }
  {  // while it connects
    Fixture f;
    f.link->start();
    f.link.reset();
    f.host.settle();
  }
}
END_TEST

START_TEST(a_reset_inside_a_completion) {
  Fixture f;
  f.server.answer = echo;
  EXPECT(f.get_ready());
  Outcome first, second, third;
  f.link
      ->send(std::vector<std::string_view>{"ECHO", "1"},
             [&](const Result<Reply>&) {
               ++first.calls;
               f.link->reset("a probe was lost");
               f.send({"ECHO", "3"}, third).release();
             })
      .release();
  f.send({"ECHO", "2"}, second).release();
  EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
  f.host.settle();
  EXPECT_EQ(f.watcher.lost_why, "a probe was lost");
  EXPECT_EQ(first.calls, 1);
  EXPECT(second.is(ErrorKind::kUnknownOutcome));
  EXPECT(third.is(ErrorKind::kUnavailable));
}
END_TEST

// A demoted primary refuses all that is pipelined: all of it is known not to have been done.
START_TEST(a_demoted_server_did_nothing) {
  constexpr const char* kByScript =
      "-ERR Error running script (call to f_ab): @user_script:1: @user_script: 1: -READONLY You "
      "can't write against a read only replica. \r\n";
  for (const char* refusal :
       {kByScript, "-READONLY You can't write against a read only replica.\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-UNBLOCKED force unblock from blocking operation, instance state changed\r\n",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.\r\n"}) {
    Fixture f;
    bool demoted = true;
    f.server.answer = [&](const FakeServer::Arguments& command) -> std::string {
      return command[0] == "SET" && demoted ? refusal : echo(command);
    };
    EXPECT(f.get_ready());
    Outcome read, write, write2, late;
    f.send({"ECHO", "1"}, read).release();
    f.send({"SET", "2"}, write).release();
    f.send({"SET", "3"}, write2).release();
    f.watcher.lost = [&] { f.send({"SET", "4"}, late).release(); };
    EXPECT(f.host.run_until([&] { return late.calls > 0; }));
    f.host.settle();
    EXPECT_ROW(refusal, read.is("1"));
    EXPECT_ROW(refusal, write.is(ErrorKind::kUnavailable));
    EXPECT_ROW(refusal, write2.is(ErrorKind::kUnavailable));
    EXPECT_ROW(refusal, late.is(ErrorKind::kUnavailable));
    demoted = false;
    EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
    EXPECT_EQ(f.server.accepted, 2);
  }
}
END_TEST

START_TEST(a_demoted_server_that_falls_silent) {
  Fixture f;
  f.server.answer = [&](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "SET"    ? "-READONLY You can't write against a read only replica.\r\n"
           : command[0] == "HANG" ? ""
                                  : echo(command);
  };
  EXPECT(f.get_ready());
  Outcome write, hung;
  f.send({"SET", "2"}, write).release();
  f.send({"HANG", "3"}, hung).release();
  const std::uint64_t sent = f.host.now_ms();
  EXPECT(f.host.run_until([&] { return hung.calls > 0; }));
  EXPECT(f.host.now_ms() - sent < 200);
  EXPECT(write.is(ErrorKind::kUnavailable));
  EXPECT(hung.is(ErrorKind::kUnknownOutcome));
  EXPECT(f.watcher.lost_why.starts_with("READONLY"));
  EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
}
END_TEST

// It greets us each time, and refuses what we write; that is not said four times a second.
START_TEST(a_demoted_server_is_told_of_now_and_then) {
  Fixture f;
  bool demoted = true;
  int scripts = 0;
  f.server.answer = [&](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "SET" && demoted
               ? "-READONLY You can't write. script: " + std::to_string(++scripts) + "\r\n"
               : echo(command);
  };
  EXPECT(f.get_ready());
  const auto told = [&](std::string_view what) {
    return std::count_if(f.host.lines.begin(), f.host.lines.end(), [&](const std::string& line) {
      return line.find(what) != std::string::npos;
    });
  };
  const std::uint64_t begin = f.host.now_ms();
  while (f.host.now_ms() - begin < 15'000) {
    Outcome one, two;
    f.send({"SET", "1"}, one).release();
    f.send({"SET", "2"}, two).release();
    EXPECT(f.host.run_until([&] { return two.calls > 0 && f.link->ready(); }));
  }
  EXPECT(f.server.accepted > 20);
  EXPECT_EQ(told("lost"), 2);
  EXPECT_EQ(told("no link"), 0);
  EXPECT_EQ(told("linked"), 3);
  EXPECT(f.host.lines.back().find("linked") != std::string::npos);
  // Another trouble is told of at once.
  f.link->reset("a probe was lost");
  EXPECT(f.host.run_until([&] { return f.link->ready(); }));
  EXPECT_EQ(told("lost"), 3);
  EXPECT_EQ(told("linked"), 4);
}
END_TEST

START_TEST(stop_is_for_good) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) {
    return FakeServer::greeting(command).value_or("");
  };
  EXPECT(f.get_ready());
  Outcome outcome;
  f.send({"ECHO", "1"}, outcome).release();
  f.host.settle();
  f.link->stop();
  EXPECT(outcome.is(ErrorKind::kUnknownOutcome));
  EXPECT_EQ(f.watcher.events, "+");
  EXPECT(!f.link->ready());
  EXPECT(!f.host.holding());
  f.host.run_for(Milliseconds{1000});
  EXPECT_EQ(f.server.accepted, 1);
  f.link->start();
  f.host.run_for(Milliseconds{1000});
  EXPECT_EQ(f.server.accepted, 1);
}
END_TEST

}  // namespace

CHECK_MAIN("link_ends", not_ready_is_told_later, a_dropped_handle_is_not_called,
           a_completion_may_drop_itself, may_be_destroyed_anywhere, a_reset_inside_a_completion,
           a_demoted_server_did_nothing, a_demoted_server_that_falls_silent,
           a_demoted_server_is_told_of_now_and_then, stop_is_for_good)
