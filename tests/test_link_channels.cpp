#include "tests/link_fixture.hpp"

#include <algorithm>
#include <memory>

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using namespace notify::test;

namespace {

START_TEST(subscribes_in_batches) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
    if (command[0] != "SUBSCRIBE" && command[0] != "UNSUBSCRIBE") {
      return echo(command);
    }
    std::string out;
    const std::string kind = command[0] == "SUBSCRIBE" ? "$9\r\nsubscribe" : "$11\r\nunsubscribe";
    for (std::size_t i = 1; i < command.size(); ++i) {
      out += "*3\r\n" + kind + "\r\n$" + std::to_string(command[i].size()) + "\r\n" + command[i] +
             "\r\n:" + std::to_string(i) + "\r\n";
    }
    return out;
  };
  EXPECT(f.get_ready());
  std::vector<std::string> names;
  for (int i = 0; i < 1300; ++i) {
    names.push_back("channel" + std::to_string(i));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  f.link->subscribe(views);
  EXPECT_EQ(f.link->in_flight(), 3U);
  EXPECT(f.host.run_until([&] { return f.link->in_flight() == 0; }));
  EXPECT(f.watcher.subscribed == names);
  std::vector<std::size_t> sizes;
  for (const auto& command : f.server.commands) {
    if (command[0] == "SUBSCRIBE") {
      sizes.push_back(command.size() - 1);
    }
  }
  EXPECT((sizes == std::vector<std::size_t>{512, 512, 276}));
  f.server.say("*3\r\n$7\r\nmessage\r\n$8\r\nchannel7\r\n$5\r\nhello\r\n");
  f.host.settle();
  EXPECT((f.watcher.messages == std::vector<std::string>{"channel7=hello"}));
  f.link->unsubscribe(std::vector<std::string_view>{"channel7"});
  EXPECT(f.host.run_until([&] { return f.link->in_flight() == 0; }));
  Outcome outcome;  // a link that subscribes sends nothing else
  f.send({"ECHO", "x"}, outcome).release();
  f.host.settle();
  EXPECT(outcome.is(ErrorKind::kUnavailable));
  f.server.drop_clients();  // forgotten with the connection
  EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
  f.send({"ECHO", "x"}, outcome = {}).release();
  EXPECT(f.host.run_until([&] { return outcome.calls > 0; }));
  EXPECT(outcome.is("x"));
}
END_TEST

START_TEST(an_unconfirmed_subscription_ends_the_link) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "SUBSCRIBE" ? "" : echo(command);
  };
  EXPECT(f.get_ready());
  f.link->subscribe(std::vector<std::string_view>{"a", "b"});
  f.host.settle();
  f.server.say("*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n");  // one of two
  EXPECT(f.host.run_until([&] { return f.watcher.events == "+-+"; }));
}
END_TEST

START_TEST(a_refused_channel_ends_the_link) {
  Fixture f;
  f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
    return command[0] == "SUBSCRIBE" ? "-NOPERM this user has no permissions to access one of the "
                                       "channels used as arguments\r\n"
                                     : echo(command);
  };
  EXPECT(f.get_ready());
  f.link->subscribe(std::vector<std::string_view>{"a"});
  EXPECT(f.host.run_until([&] { return f.watcher.events.starts_with("+-"); }));
  EXPECT(f.watcher.lost_why.starts_with("NOPERM"));
}
END_TEST

// No byte that a peer sends may stop the process: hiredis' own asynchronous layer asserts here.
START_TEST(nonsense_ends_the_link) {
  const char* rows[] = {
      "+unasked\r\n",
      "-ERR max number of clients reached\r\n",
      ":1\r\n",
      "$-1\r\n",
      "*0\r\n",
      "*1\r\n$7\r\nmessage\r\n",
      "*3\r\n:1\r\n:2\r\n:3\r\n",
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n:5\r\n",
      "$-5\r\n",
      "*99999999999999999999\r\n",
      "*3\r\n$9\r\nsubscribe\r\n$1\r\nz\r\n:1\r\n",  // nobody waits for it
      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
      "\r\n",
      "%1\r\n",
  };
  for (const char* row : rows) {
    for (const bool subscriber : {false, true}) {
      Fixture f;
      f.server.answer = [](const FakeServer::Arguments& command) -> std::string {
        return command[0] == "SUBSCRIBE" ? "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
                                         : echo(command);
      };
      EXPECT(f.get_ready());
      if (subscriber) {
        f.link->subscribe(std::vector<std::string_view>{"a"});
        f.host.settle();
      }
      f.server.say(row);
      EXPECT_ROW(row, f.host.run_until([&] { return f.watcher.events == "+-+"; }));
      EXPECT_ROW(row, !f.watcher.lost_why.empty());
    }
  }
}
END_TEST

}  // namespace

CHECK_MAIN("link_channels", subscribes_in_batches, an_unconfirmed_subscription_ends_the_link,
           a_refused_channel_ends_the_link, nonsense_ends_the_link)
