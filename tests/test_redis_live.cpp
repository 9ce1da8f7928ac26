// Link and Client on a real Redis that is restarted, stopped and frozen under them.

#include <algorithm>
#include <optional>
#include <set>

#include "shared/redis/client.hpp"
#include "shared/redis/page.hpp"
#include "shared/redis/schema.hpp"
#include "tests/live_redis.hpp"
#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using namespace notify::test;

namespace {

struct Listener final : LinkObserver {
  void on_link_ready() override {
    ++ready;
    if (on_ready) {
      on_ready();
    }
  }
  void on_link_lost(std::string_view) override { ++lost; }
  void on_link_message(std::string_view, std::string_view payload) override {
    ++messages;
    bytes += payload.size();
    if (const auto bell = parse_bell(payload)) {
      ids.push_back(bell->id);
    }
  }
  void on_link_subscribed(std::string_view) override { ++subscribed; }
  std::function<void()> on_ready;
  int ready = 0, lost = 0, messages = 0, subscribed = 0;
  std::size_t bytes = 0;
  std::vector<EntryId> ids;
};

Client::Options client_options(const RedisUrl& url) {
  Client::Options options;
  options.link.url = url;
  options.link.client_name = "test";
  options.link.scripts = {&scripts::publish, &scripts::read};
  return options;
}

Command publish(const std::string& stream, const std::string& text, const std::string& key = "") {
  Command command;
  command.arguments = {"EVALSHA", std::string(scripts::publish.sha1), key.empty() ? "1" : "2",
                       stream};
  if (!key.empty()) {
    command.arguments.push_back(idempotency_key(stream, key));
    command.repeat = Repeat::kSafe;
  }
  for (const char* argument : {"0", "0"}) {
    command.arguments.emplace_back(argument);
  }
  command.arguments.push_back(bell_channel(stream, 0));
  for (const char* argument : {"65536", key.empty() ? "0" : "60000", "", "0", "", "0", "", "n"}) {
    command.arguments.emplace_back(argument);
  }
  command.arguments.push_back(text);
  command.wait = Milliseconds{2000};
  command.script = &scripts::publish;
  return command;
}

START_TEST(both_roads_and_a_password) {
  LiveRedis redis;
  redis.ask({"ACL", "SETUSER", "me", "on", ">secret", "~*", "&*", "+@all"});
  for (const bool tcp : {true, false}) {
    PollHost host(Clock::kReal);
    Client::Options options = client_options(redis.url(tcp));
    options.link.url.user = "me";
    options.link.url.password = "secret";
    options.link.url.db = 4;
    Client client(host, options);
    client.start();
    EXPECT(host.run_until([&] { return client.ready(); }));
    std::string answer;
    client.submit({.arguments = {"CLIENT", "LIST"}}, [&](Result<Reply> r) { answer = r->text(); })
        .release();
    EXPECT(host.run_until([&] { return !answer.empty(); }));
    EXPECT(answer.find("name=test") != std::string::npos);
    EXPECT(answer.find("user=me") != std::string::npos);
    EXPECT(answer.find("db=4") != std::string::npos);
  }
  for (const auto& [user, password, expected] :
       {std::tuple{"me", "wrong", "WRONGPASS"}, {"", "some", "ERR AUTH <password> called"}}) {
    PollHost host(Clock::kReal);
    Client::Options options = client_options(redis.url());
    options.link.url.user = user;
    options.link.url.password = password;
    Client client(host, options);
    client.start();
    EXPECT(host.run_until([&] { return !client.last_error().empty(); }));
    EXPECT_ROW(client.last_error(), client.last_error().starts_with(expected));
  }
  PollHost host(Clock::kReal);
  Client::Options options = client_options(redis.url());
  options.link.url.db = 99;
  Client client(host, options);
  client.start();
  EXPECT(host.run_until([&] { return !client.last_error().empty(); }));
  EXPECT_EQ(client.last_error(), "ERR DB index is out of range");
}
END_TEST

// Of a name with several addresses one is enough, whichever it is.
START_TEST(one_of_several_addresses_answers) {
  LiveRedis redis;
  for (const char* addresses : {"::1 127.0.0.1", "127.0.0.9 ::1 127.0.0.1", "127.0.0.1 ::1"}) {
    PollHost host(Clock::kReal);
    Client::Options options = client_options(redis.url());
    options.link.url.host = addresses;
    Client client(host, options);
    client.start();
    EXPECT_ROW(addresses, host.run_until([&] { return client.ready(); }));
    // A link that was ready comes back, wherever the one that answers stands.
    client.reset("a test");
    EXPECT_ROW(addresses, host.run_until([&] { return !client.ready(); }));
    EXPECT_ROW(addresses, host.run_until([&] { return client.ready(); }));
  }
}
END_TEST

// Publishes go on while the server dies and comes back. With a key each is there exactly once; what
// was answered is there; without a key at most those that were on the wire have no answer.
START_TEST(a_restart_loses_and_doubles_nothing) {
  for (const bool with_key : {true, false}) {
    // All to disk at once: what was answered survives the kill.
    LiveRedis redis({"--appendonly", "yes", "--appendfsync", "always"});
    PollHost host(Clock::kReal);
    Client client(host, client_options(redis.url()));
    client.start();
    EXPECT(host.run_until([&] { return client.ready(); }));
    constexpr int kAll = 600;
    int answered = 0, unknown = 0, failed = 0;
    std::size_t on_the_wire = 0;  // when the server died
    std::set<std::string> accepted;
    for (int i = 0; i < kAll; ++i) {
      const std::string text = std::to_string(i);
      client
          .submit(publish("s", text, with_key ? "key" + text : ""),
                  [&, text](Result<Reply> result) {
                    if (result.ok() && !result->is_error()) {
                      ++answered;
                      accepted.insert(text);
                    } else if (!result.ok() && result.error().kind == ErrorKind::kUnknownOutcome) {
                      ++unknown;
                    } else {
                      ++failed;
                    }
                  })
          .release();
      if (i == 200 || i == 400) {
        on_the_wire += client.outstanding();
        redis.stop();
        host.run_for(Milliseconds{150});
        redis.start();
      }
      host.run_for(Milliseconds{2});
    }
    EXPECT(host.run_until([&] { return answered + unknown + failed == kAll; }));
    EXPECT_EQ(failed, 0);
    if (with_key) {
      EXPECT_EQ(unknown, 0);
      EXPECT_EQ(redis.ask({"XLEN", "s"}), std::to_string(kAll));
    }
    EXPECT(static_cast<std::size_t>(unknown) <= on_the_wire);
    const auto entries = redis.raw({"XRANGE", "s", "-", "+"});
    std::multiset<std::string> there;
    for (std::size_t i = 0; i < Reply(entries.get()).size(); ++i) {
      there.insert(*parse_entry(Reply(entries.get())[i])->find("n"));
    }
    for (const std::string& text : accepted) {
      EXPECT_EQ_ROW(text, there.count(text), 1U);
    }
  }
}
END_TEST

START_TEST(flows_soon_after_the_server_is_back) {
  LiveRedis redis;
  PollHost host(Clock::kReal);
  Client client(host, client_options(redis.url()));
  client.start();
  EXPECT(host.run_until([&] { return client.ready(); }));
  redis.stop();
  host.run_for(Milliseconds{1500});  // the back-off is at its longest
  EXPECT(!client.ready());
  redis.start();
  const std::uint64_t back = host.now_ms();
  EXPECT(host.run_until([&] { return client.ready(); }));
  EXPECT(host.now_ms() - back < 500);
}
END_TEST

START_TEST(a_frozen_server_ends_in_errors_and_then_goes_on) {
  LiveRedis redis;
  PollHost host(Clock::kReal);
  Client::Options options = client_options(redis.url());
  options.link.command_timeout = Milliseconds{500};
  Client client(host, options);
  client.start();
  EXPECT(host.run_until([&] { return client.ready(); }));
  redis.send_signal(SIGSTOP);
  const std::uint64_t frozen = host.now_ms();
  std::optional<ErrorKind> first, second;
  client.submit(publish("s", "1"), [&](Result<Reply> r) { first = r.error().kind; }).release();
  EXPECT(host.run_until([&] { return first.has_value(); }));
  EXPECT(*first == ErrorKind::kUnknownOutcome);
  EXPECT(host.now_ms() - frozen < 700);
  client.submit(publish("s", "2"), [&](Result<Reply> r) { second = r.error().kind; }).release();
  EXPECT(host.run_until([&] { return second.has_value(); }));
  EXPECT(*second == ErrorKind::kUnavailable);  // never written
  EXPECT(host.now_ms() - frozen < 3000);
  redis.send_signal(SIGCONT);
  const std::uint64_t thawed = host.now_ms();
  EXPECT(host.run_until([&] { return client.ready(); }));
  EXPECT(host.now_ms() - thawed < 500);
}
END_TEST

// The process that was stopped itself finds its answers, not its deadlines.
START_TEST(a_pause_of_our_own_is_no_loss) {
  LiveRedis redis;
  PollHost host(Clock::kReal);
  Client::Options options = client_options(redis.url());
  options.link.command_timeout = Milliseconds{200};
  Client client(host, options);
  client.start();
  EXPECT(host.run_until([&] { return client.ready(); }));
  bool answered = false;
  client.submit(publish("s", "1"), [&](const Result<Reply>& r) { answered = r.ok(); }).release();
  host.settle();
  usleep(400'000);
  host.run_for(Milliseconds{100});
  EXPECT(answered);
  EXPECT(client.ready());
}
END_TEST

START_TEST(a_replica_is_left) {
  LiveRedis redis;
  PollHost host(Clock::kReal);
  Client client(host, client_options(redis.url()));
  client.start();
  EXPECT(host.run_until([&] { return client.ready(); }));
  redis.ask({"REPLICAOF", "127.0.0.1", "1"});
  std::vector<int> outcomes(20, 0);
  for (int& outcome : outcomes) {
    client
        .submit(publish("s", "x"),
                [&](Result<Reply> r) { outcome = r.ok() && !r->is_error() ? 1 : -1; })
        .release();
  }
  host.run_for(Milliseconds{300});
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), 0), 20);  // all wait, none is lost
  redis.ask({"REPLICAOF", "NO", "ONE"});
  EXPECT(host.run_until([&] { return client.outstanding() == 0; }));
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), 1), 20);
  EXPECT_EQ(redis.ask({"XLEN", "s"}), "20");
}
END_TEST

START_TEST(a_forgotten_script_comes_back) {
  LiveRedis redis;
  PollHost host(Clock::kReal);
  Client client(host, client_options(redis.url()));
  client.start();
  EXPECT(host.run_until([&] { return client.ready(); }));
  redis.ask({"SCRIPT", "FLUSH"});
  std::string answer;
  client.submit(publish("s", "x"), [&](Result<Reply> r) { answer = (*r)[0].text(); }).release();
  EXPECT(host.run_until([&] { return client.outstanding() == 0; }));
  EXPECT(parse_entry_id(answer).has_value());
}
END_TEST

START_TEST(a_great_fan_in_arrives) {
  LiveRedis redis;
  PollHost host(Clock::kReal);
  Listener listener;
  LinkOptions options;
  options.url = redis.url();
  Link link(host, options, listener);
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) {
    names.push_back(bell_channel("s" + std::to_string(i), 0));
  }
  const std::vector<std::string_view> views(names.begin(), names.end());
  listener.on_ready = [&] { link.subscribe(views); };
  link.start();
  EXPECT(host.run_until([&] { return listener.subscribed == 2000; }));
  const std::string large(100'000, 'x');
  for (int i = 0; i < 100; ++i) {
    redis.ask({"PUBLISH", names[static_cast<std::size_t>(i) % names.size()], large});
  }
  EXPECT(host.run_until([&] { return listener.messages == 100; }));
  EXPECT_EQ(listener.bytes, 10'000'000U);
  redis.ask({"CLIENT", "KILL", "TYPE", "pubsub"});
  EXPECT(host.run_until([&] { return listener.subscribed == 4000; }));
  redis.ask({"PUBLISH", names.back(), "x"});
  EXPECT(host.run_until([&] { return listener.messages == 101; }));
  EXPECT_EQ(listener.lost, 1);
}
END_TEST

START_TEST(a_forbidden_channel_is_told) {
  LiveRedis redis;
  redis.ask({"ACL", "SETUSER", "narrow", "on", ">x", "~*", "resetchannels", "+@all"});
  PollHost host(Clock::kReal);
  Listener listener;
  LinkOptions options;
  options.url = redis.url();
  options.url.user = "narrow";
  options.url.password = "x";
  Link link(host, options, listener);
  listener.on_ready = [&] { link.subscribe(std::vector<std::string_view>{"a"}); };
  link.start();
  EXPECT(host.run_until([&] { return listener.lost > 0; }));
  EXPECT(link.last_error().starts_with("NOPERM"));
}
END_TEST

}  // namespace

LIVE_REDIS_MAIN("redis_live", both_roads_and_a_password, one_of_several_addresses_answers,
                a_restart_loses_and_doubles_nothing, flows_soon_after_the_server_is_back,
                a_frozen_server_ends_in_errors_and_then_goes_on, a_pause_of_our_own_is_no_loss,
                a_replica_is_left, a_forgotten_script_comes_back, a_great_fan_in_arrives,
                a_forbidden_channel_is_told)
