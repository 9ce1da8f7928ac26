// Work queues of an nginx worker, step by step: what they ask of Redis, and what clients get.

#include <deque>

#include "tests/queue_fixture.hpp"

using namespace notify;
using namespace notify::test;
using Client = QueueClient;
using Fixture = QueueFixture;

namespace {

// ---- joining ------------------------------------------------------------------------------------

START_TEST(joining) {
  Fixture f;
  Client a;
  f.join(a, "a", 5);
  EXPECT_EQ(f.notes(), "listen s/g, watch s");
  EXPECT_EQ(f.asked(), "join s/g a 5");
  EXPECT_EQ(f.source.settings.ack_timeout_ms, 1000U);
  EXPECT_EQ(f.source.settings.max_deliveries, 5U);
  EXPECT_EQ(a.sink.text, "");
  f.answer_join(5);
  EXPECT_EQ(a.sink.text, "joined");
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:0+5");  // what others left behind comes first
  f.answer_claimed({share(5, {1, 2})});
  EXPECT_EQ(a.sink.text, "joined 1 2");
  EXPECT_EQ(f.queues.figures().reclaimed, 2U);
  EXPECT_EQ(f.asked(), "take s/g a:2+3");
  f.answer_taken({share(5, {3, 4, 5})}, true);
  EXPECT_EQ(a.sink.text, "joined 1 2 3 4 5");
  EXPECT_EQ(f.asked(), "");  // no room
  EXPECT_EQ(a.consumer->in_flight(), 5U);
  EXPECT_EQ(f.queues.figures().in_flight, 5U);

  f.control("done 2-0");
  EXPECT_EQ(f.asked(), "take s/g a:4+1");
  f.answer_taken({share(5, {})});
  EXPECT_EQ(f.asked(), "");
  f.control("done 1-0 3-0");
  EXPECT_EQ(f.asked(), "");  // nothing is left there
  f.queues.on_bell("s", {5, 0});
  EXPECT_EQ(f.asked(), "");  // old
  f.queues.on_bell("s", {6, 0});
  EXPECT_EQ(f.asked(), "take s/g a:2+3");
  a.consumer.reset();
  EXPECT_EQ(f.notes(), "leave s/g a, mark s/g");
  f.answer_taken({share(5, {6})});
  EXPECT_EQ(f.notes(), "requeue s/g a 6");
  EXPECT_EQ(f.queues.figures().orphaned, 1U);
  EXPECT_EQ(f.queues.figures().in_flight, 0U);
  EXPECT_EQ(f.queues.figures().consumers, 0U);
  f.wait(20'000);
  EXPECT_EQ(f.notes(), "unlisten s/g, unwatch s");
  EXPECT_EQ(f.queues.figures().groups, 0U);
}
END_TEST

START_TEST(joins_that_fail) {
  struct Row {
    const char* name;
    Result<Joined> answer;
    const char* text;
    const char* notes;
  };
  const Row rows[] = {
      {"away", kAway, "ended(refused: away)", ""},
      // It may have the name.
      {"unknown", Error{ErrorKind::kUnknownOutcome, "?"}, "ended(refused: ?)", "leave s/g a"},
      {"refused", Error{ErrorKind::kInternal, "WRONGTYPE"}, "ended(refused: WRONGTYPE)",
       "leave s/g a"},
  };
  for (const Row& row : rows) {
    Fixture f;
    Client a;
    f.join(a, "a");
    f.notes();
    f.queues.on_joined(f.ticket(), row.answer);
    EXPECT_EQ_ROW(row.name, a.sink.text, row.text);
    EXPECT_EQ_ROW(row.name, f.notes(), row.notes);
    EXPECT_EQ_ROW(row.name, f.asked(), "");
    EXPECT_EQ_ROW(row.name, f.queues.figures().consumers, 0U);
    a.consumer.reset();
    EXPECT_EQ_ROW(row.name, f.notes(), "");
  }
}
END_TEST

// Its client may have come back before the news that its last connection is gone.
START_TEST(a_name_that_is_held_is_asked_for_once_more) {
  const Joined held{true, 0, false};
  Fixture f;
  Client a, b, c;
  f.join(a, "a", 5);
  f.join(b, "b");
  f.join(c, "c");
  for (int i = 0; i < 3; ++i) {
    f.queues.on_joined(f.ticket(), held);
  }
  f.notes();
  c.consumer.reset();
  EXPECT_EQ(f.notes(), "leave s/g c");
  f.wait(250);
  EXPECT_EQ(f.asked(), "");
  f.wait(250);
  EXPECT_EQ(f.asked(), "join s/g a 5");
  f.queues.on_joined(f.ticket(), Joined{false, 5, false});
  EXPECT_EQ(f.source.open.front().what, "join s/g b 1");
  f.queues.on_joined(f.ticket(), held);
  EXPECT_EQ(a.sink.text, "joined");
  EXPECT_EQ(b.sink.text, "ended(held)");
  EXPECT_EQ(f.notes(), "");  // a name that is another one's is not given back
  EXPECT_EQ(f.queues.figures().consumers, 1U);
}
END_TEST

// Whoever had it may be gone with its nginx worker: that shows no sign of life then.
START_TEST(a_name_of_a_worker_that_is_gone) {
  struct Answer {
    const char* sign;
    const char* holder = "w.1";
    unsigned late_ms = 0;  // when it comes
  };
  const struct {
    const char* name;
    std::vector<Answer> answers;
    const char* end;  // what is asked then, or what the client is told
  } rows[] = {
      {"no sign for a second", {{"7"}, {"7"}, {"7"}}, "join s/g a 1 over w.1"},
      {"nor is there a key", {{""}, {""}, {""}}, "join s/g a 1 over w.1"},
      {"a sign at once", {{"7"}, {"8"}}, "ended(held)"},
      {"a sign at last", {{"7"}, {"7"}, {"8"}}, "ended(held)"},
      {"a sign where there was none", {{""}, {"1"}}, "ended(held)"},
      {"somebody else was quicker", {{"7"}, {"7", "v.2"}}, "ended(held)"},
      {"nothing is known of the holder", {{"", ""}, {"", ""}}, "ended(held)"},
      {"Redis was slow", {{"7"}, {"7", "w.1", 1000}, {"7"}}, "join s/g a 1"},
      {"and then no sign", {{"7"}, {"7", "w.1", 1000}, {"7"}, {"7"}}, "join s/g a 1 over w.1"},
      {"it is quicker after all", {{"7"}, {"7"}, {"7"}, {"1", "v.2"}}, "ended(held)"},
  };
  for (const auto& row : rows) {
    Fixture f;
    Client a;
    f.join(a, "a");
    for (const Answer& answer : row.answers) {
      for (int i = 0; i < 2 && f.source.open.empty(); ++i) {
        f.wait(250);
      }
      const Ticket ticket = f.ticket();
      f.wait(answer.late_ms);
      f.queues.on_joined(ticket, Joined{true, 0, false, answer.holder, answer.sign});
    }
    for (int i = 0; i < 2 && f.source.open.empty(); ++i) {
      f.wait(250);
    }
    EXPECT_EQ_ROW(row.name, f.source.open.empty() ? a.sink.text : f.source.open.front().what,
                  row.end);
  }
}
END_TEST

START_TEST(leaving_before_the_answer) {
  Fixture f;
  Client a;
  f.join(a, "a");
  f.notes();
  const Ticket ticket = f.ticket();
  a.consumer.reset();
  EXPECT_EQ(f.notes(), "leave s/g a");
  f.queues.on_joined(ticket, Joined{false, 1, false});
  EXPECT_EQ(a.sink.text, "");
  f.wait(5'000);
  EXPECT_EQ(f.asked(), "");
}
END_TEST

START_TEST(a_group_that_was_restored) {
  Fixture f;
  Client a;
  f.join(a, "a");
  f.queues.on_joined(f.ticket(), Joined{false, 1, true});
  EXPECT_EQ(f.watcher.log.at(0), "restored s/g");
  EXPECT_EQ(f.queues.figures().restored, 1U);
}
END_TEST

// ---- taking in turn -----------------------------------------------------------------------------

START_TEST(consumers_are_served_in_turn) {
  Fixture f;
  Client a, b, c;
  f.limits_ = {{"a", 9}, {"b", 9}, {"c", 9}};
  f.settle(a, "a", 9);
  f.settle(b, "b", 9);
  f.settle(c, "c", 9);
  f.queues.on_bell("s", {10, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+9 b:0+9 c:0+9");
  f.answer_taken({share(9, {10}), share(9, {}), share(9, {})});
  f.queues.on_bell("s", {11, 0});
  EXPECT_EQ(f.asked(), "take s/g b:0+9 c:0+9 a:1+8");
  f.queues.on_bell("s", {12, 0});  // while it is on its way: asked again
  EXPECT_EQ(f.source.open.size(), 1U);
  f.answer_taken({share(9, {11}), share(9, {}), share(9, {})});
  EXPECT_EQ(f.asked(), "take s/g c:0+9 a:1+8 b:1+8");
  f.answer_taken({share(9, {12, 13}), share(9, {14}), share(9, {})});
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(a.sink.text + "|" + b.sink.text + "|" + c.sink.text,
            "joined 10 14|joined 11|joined 12 13");
}
END_TEST

START_TEST(a_take_is_bounded) {
  Limits limits;
  limits.take_consumers = 2;
  limits.take_entries = 10;
  limits.consumer_entries = 6;
  Fixture f(limits);
  Client a, b, c;
  f.settle(a, "a", 100);
  f.settle(b, "b", 100);
  f.settle(c, "c", 3);
  f.limits_ = {{"c", 3}};
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+6 b:0+4");
  f.answer_taken({share(100, {1}), share(100, {2})}, true);
  EXPECT_EQ(f.asked(), "take s/g c:0+3 a:1+6");
}
END_TEST

START_TEST(limits_are_followed) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 2}};
  f.settle(a, "a", 2);
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+2");
  f.answer_taken({share(2, {1, 2})}, true);
  EXPECT_EQ(f.asked(), "");
  f.control("limit 5");
  EXPECT_EQ(f.asked(), "take s/g a:2+3");
  // Set meanwhile: what the answer says of it is older.
  f.control("limit 1");
  f.answer_taken({share(5, {3})}, true);
  EXPECT_EQ(a.consumer->limit(), 1U);
  EXPECT_EQ(f.asked(), "");
  f.control("done 1-0 2-0 3-0");
  EXPECT_EQ(f.asked(), "take s/g a:0+1");
  // A message was missed, the answer tells.
  f.answer_taken({share(0, {})}, true);
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(a.consumer->limit(), 0U);
  f.control("limit 1");
  EXPECT_EQ(f.asked(), "take s/g a:0+1");  // at once: there may be more

  // One that comes while a client joins.
  Client b;
  f.join(b, "b", 7);
  f.control("limit 3");
  f.answer_taken({share(1, {})});
  EXPECT_EQ(f.asked(), "join s/g b 7");
  f.answer_join(7);
  EXPECT_EQ(f.asked(), "renew s/g b:7");
  f.queues.on_renewed(f.ticket(), Renewed{3});
  EXPECT_EQ(b.consumer->limit(), 3U);
  EXPECT_EQ(a.consumer->limit(), 3U);
}
END_TEST

START_TEST(a_pause) {
  Fixture f;
  Client a;
  f.join(a, "a", 0);
  f.answer_join(0);
  EXPECT_EQ(f.asked(), "");
  f.queues.on_bell("s", {1, 0});
  f.control("reclaim");
  EXPECT_EQ(f.asked(), "");
  f.wait(2'000);
  EXPECT_EQ(f.asked(), "take s/g");  // only whether the group exists
  f.answer_taken({});
  EXPECT_EQ(f.asked(), "");
  f.control("limit 1");
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:0+1");
  f.answer_claimed({share(1, {})});
  EXPECT_EQ(f.asked(), "take s/g a:0+1");
}
END_TEST

START_TEST(a_look_each_second) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 5}};
  f.settle(a, "a", 5);
  f.wait(500);
  EXPECT_EQ(f.asked(), "");
  int looks = 0;
  for (int i = 0; i < 40; ++i) {
    f.wait(250);
    const std::string asked = f.asked();
    if (!asked.empty()) {
      looks += asked == "take s/g a:0+1" ? 1 : 0;
      f.answer_empty();
    }
  }
  EXPECT(looks >= 9 && looks <= 11);
  // One that finds something is followed by all that there is room for.
  std::string asked;
  while (asked.empty() || !asked.starts_with("take")) {
    if (!asked.empty()) {
      f.answer_empty();
    }
    f.wait(250);
    asked = f.asked();
  }
  f.answer_taken({share(5, {1})}, true);
  EXPECT_EQ(f.asked(), "take s/g a:1+4");
}
END_TEST

// ---- slow clients -------------------------------------------------------------------------------

START_TEST(a_client_that_reads_nothing) {
  Fixture f;
  Client a, b;
  f.limits_ = {{"a", 5}, {"b", 5}};
  f.settle(a, "a", 5);
  f.settle(b, "b", 5);
  a.sink.flow = Flow::kBlocked;
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+5 b:0+5");
  f.answer_taken({share(5, {1}), share(5, {})}, true);
  EXPECT_EQ(f.asked(), "take s/g b:0+5");
  f.answer_taken({share(5, {2})});
  EXPECT(a.consumer->state() == Consumer::State::kBlocked);
  f.control("done 1-0");
  EXPECT_EQ(f.asked(), "");
  a.sink.flow = Flow::kOpen;
  a.consumer->drained();
  a.consumer->drained();
  f.queues.on_bell("s", {3, 0});
  EXPECT_EQ(f.asked(), "take s/g b:1+4 a:0+5");
  // Its name is kept while it is blocked, too.
  a.sink.flow = Flow::kBlocked;
  f.answer_taken({share(5, {}), share(5, {3})});
  f.wait(16'000);
  EXPECT(f.asked() == "renew s/g a:5 b:5");
}
END_TEST

START_TEST(sinks_that_close_or_die) {
  Fixture f;
  Client a, b, c;
  f.limits_ = {{"a", 5}, {"b", 5}, {"c", 5}};
  f.settle(a, "a", 5);
  f.settle(b, "b", 5);
  f.settle(c, "c", 5);
  a.sink.flow = Flow::kClosed;
  b.sink.on_call = [&] {
    b.consumer.reset();
    c.consumer.reset();
  };
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+5 b:0+5 c:0+5");
  f.answer_taken({share(5, {1}), share(5, {2}), share(5, {3, 4})});
  EXPECT_EQ(f.notes(), "leave s/g a, leave s/g b, leave s/g c, mark s/g, requeue s/g c 3 4");
  EXPECT(a.consumer->state() == Consumer::State::kEnded);
  EXPECT_EQ(c.sink.text, "joined");
  EXPECT_EQ(f.queues.figures().orphaned, 2U);
  EXPECT_EQ(f.queues.figures().in_flight, 0U);
  a.consumer.reset();
  EXPECT_EQ(f.notes(), "");
  EXPECT_EQ(f.queues.figures().consumers, 0U);
}
END_TEST

START_TEST(a_sink_dies_when_joined) {
  Fixture f;
  Client a;
  f.join(a, "a");
  a.sink.on_call = [&] { a.consumer.reset(); };
  f.answer_join(1);
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(f.queues.figures().consumers, 0U);
}
END_TEST

// ---- claiming -----------------------------------------------------------------------------------

START_TEST(a_walk_alternates_with_takes) {
  Fixture f;
  Client a, b;
  f.limits_ = {{"a", 9}, {"b", 9}};
  f.settle(a, "a", 9);
  f.settle(b, "b", 9);
  f.control("reclaim");
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:0+9 b:0+9");
  f.answer_claimed({share(9, {1}), share(9, {})}, {5, 0}, 2, 1);
  EXPECT_EQ(f.watcher.log.at(0), "dropped s/g 2 1");
  f.queues.on_bell("s", {9, 0});
  EXPECT_EQ(f.asked(), "take s/g b:0+9 a:1+8");
  f.queues.on_bell("s", {10, 0});
  f.answer_taken({share(9, {9}), share(9, {})});
  EXPECT_EQ(f.asked(), "claim s/g from 5 a:1+8 b:1+8");
  f.control("reclaim");  // during the walk: once more from the beginning
  f.answer_claimed({share(9, {}), share(9, {})});
  EXPECT_EQ(f.asked(), "take s/g a:1+8 b:1+8");
  f.answer_empty();
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:1+8 b:1+8");
  f.answer_empty();
  EXPECT_EQ(f.asked(), "");
  EXPECT_EQ(f.queues.figures().gone, 2U);
  EXPECT_EQ(f.queues.figures().dead, 1U);
}
END_TEST

START_TEST(an_entry_changes_hands) {
  Fixture f;
  Client a, b;
  f.limits_ = {{"a", 1}, {"b", 1}};
  f.settle(a, "a");
  f.settle(b, "b");
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+1 b:0+1");
  f.answer_taken({share(1, {1}), share(1, {})});
  // To another one of ours.
  f.control("reclaim");
  EXPECT_EQ(f.asked(), "claim s/g from 0 b:0+1");
  f.control("moved token-b 1-0");
  EXPECT_EQ(a.consumer->in_flight(), 0U);
  f.answer_claimed({share(1, {1})});
  EXPECT_EQ(b.consumer->in_flight(), 1U);
  f.control("moved token-b 1-0");  // told late
  EXPECT_EQ(b.consumer->in_flight(), 1U);
  // Back to the first one, whose message is late.
  f.control("reclaim");
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:0+1");
  f.answer_claimed({share(1, {1})});
  EXPECT_EQ(a.consumer->in_flight(), 1U);
  EXPECT_EQ(b.consumer->in_flight(), 0U);
  // To one elsewhere.
  f.control("moved token-x 1-0");
  EXPECT_EQ(f.queues.figures().in_flight, 0U);
  // To oneself, again.
  f.control("reclaim");
  EXPECT_EQ(f.asked(), "claim s/g from 0 b:0+1 a:0+1");
  f.answer_claimed({share(1, {2}), share(1, {})});
  f.control("reclaim");
  f.control("limit 2");
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:0+2 b:1+1");
  f.answer_claimed({share(2, {}), share(2, {2})});
  EXPECT_EQ(b.consumer->in_flight(), 1U);
  EXPECT_EQ(b.sink.text, "joined 1 2 2");
}
END_TEST

START_TEST(absent_entries) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 9}};
  f.settle(a, "a", 9);
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+9");
  f.control("absent 1-0 2-0");  // finished before they were given out: they are pending now
  f.answer_taken({share(9, {1, 2})});
  EXPECT_EQ(a.sink.text, "joined 1 2");
  EXPECT_EQ(f.asked(), "");
  f.control("absent 3-0");
  EXPECT_EQ(f.asked(), "");
  f.control("absent 2-0");
  EXPECT_EQ(f.asked(), "audit s/g a:1 a:2");
  f.queues.on_audited(f.ticket(), Audited{false, {true, false}});
  EXPECT_EQ(a.consumer->in_flight(), 1U);
  EXPECT_EQ(f.asked(), "");
  // Somebody finishes in its name what another one holds.
  f.control("lacks token-b 1-0");
  EXPECT_EQ(f.asked(), "");
  f.control("lacks token-a 1-0");
  EXPECT_EQ(f.asked(), "audit s/g a:1");
  f.queues.on_audited(f.ticket(), Audited{false, {true}});
  // While one is on its way, which may be older: all over again.
  EXPECT_EQ(f.asked(), "");
  f.wait(30'000);
  while (!f.asked().starts_with("audit")) {
    f.answer_empty();
  }
  f.control("absent 1-0");
  f.queues.on_audited(f.ticket(), Audited{false, {true}});
  EXPECT_EQ(f.asked(), "audit s/g a:1");
  f.queues.on_audited(f.ticket(), Audited{false, {false}});
  EXPECT_EQ(a.consumer->in_flight(), 0U);
}
END_TEST

START_TEST(messages_overtake_answers) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 9}};
  f.settle(a, "a", 9);
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+9");
  f.control("done 1-0");  // finished by somebody who was quick
  f.control("moved token-x 3-0");
  f.control("moved token-x 4-0");
  f.control("moved token-a 4-0");
  f.answer_taken({share(9, {1, 2, 3, 4})});
  EXPECT_EQ(a.sink.text, "joined 2 4");
  EXPECT_EQ(a.consumer->in_flight(), 2U);
  EXPECT_EQ(f.asked(), "");
}
END_TEST

// ---- many groups --------------------------------------------------------------------------------

START_TEST(groups_of_a_stream_share_its_bell) {
  Fixture f;
  Client a, b;
  f.join(a, "a", 1, "g");
  EXPECT_EQ(f.notes(), "listen s/g, watch s");
  f.join(b, "b", 1, "h");
  EXPECT_EQ(f.notes(), "listen s/h");
  f.answer_join(1);
  f.answer_join(1);
  f.turn();
  while (!f.source.open.empty()) {
    f.answer_empty();
    f.turn();
  }
  f.queues.on_bell("s", {1, 0});
  f.turn();
  EXPECT_EQ(f.source.open.size(), 2U);
  a.consumer.reset();
  f.answer_empty();
  f.answer_empty();
  f.notes();
  f.wait(20'000);
  EXPECT_EQ(f.notes(), "unlisten s/g");
  b.consumer.reset();
  f.turn();
  while (!f.source.open.empty()) {
    f.answer_empty();
  }
  f.wait(20'000);
  EXPECT(f.notes().ends_with("unlisten s/h, unwatch s"));
}
END_TEST

START_TEST(groups_ask_a_bounded_number_at_a_time) {
  Limits limits;
  limits.max_asking = 3;
  limits.turn_groups = 2;
  Fixture f(limits);
  std::deque<Client> clients(10);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    f.join(clients[i], "a", 1, "g" + std::to_string(i));
    f.answer_join(1);
  }
  std::size_t most = 0;
  int answers = 0;
  for (int i = 0; i < 200; ++i) {
    f.turn();
    most = std::max(most, f.source.open.size());
    if (!f.source.open.empty()) {
      f.answer_empty();
      ++answers;
    }
  }
  EXPECT_EQ(most, 3U);
  EXPECT_EQ(answers, 20);  // a claim and a take for each
}
END_TEST

// What is left when the worker ends.
START_TEST(the_end_of_all) {
  Client a, b;
  {
    Fixture f;
    f.settle(a, "a", 9);
    f.queues.on_bell("s", {1, 0});
    f.asked();
    f.answer_taken({share(9, {1, 2})});
    f.join(b, "b");
  }
  EXPECT(a.consumer->state() == Consumer::State::kEnded);
  EXPECT(b.consumer->state() == Consumer::State::kEnded);
  EXPECT_EQ(a.sink.text, "joined 1 2");
  a.consumer->drained();
}
END_TEST

}  // namespace

CHECK_MAIN("queue", joining, joins_that_fail, a_name_that_is_held_is_asked_for_once_more,
           a_name_of_a_worker_that_is_gone, leaving_before_the_answer, a_group_that_was_restored,
           consumers_are_served_in_turn, a_take_is_bounded, limits_are_followed, a_pause,
           a_look_each_second, a_client_that_reads_nothing, sinks_that_close_or_die,
           a_sink_dies_when_joined, a_walk_alternates_with_takes, an_entry_changes_hands,
           absent_entries, messages_overtake_answers, groups_of_a_stream_share_its_bell,
           groups_ask_a_bounded_number_at_a_time, the_end_of_all)
