// Work queues of an nginx worker when something is lost: a group, an answer, messages, a name.

#include "tests/queue_fixture.hpp"

using namespace notify;
using namespace notify::test;
using Client = QueueClient;
using Fixture = QueueFixture;

namespace {

// ---- upstream -----------------------------------------------------------------------------------

START_TEST(a_lost_group_ends_all) {
  for (const char* operation : {"take", "claim", "audit"}) {
    Fixture f;
    Client a, b, c;
    f.limits_ = {{"a", 3}, {"b", 3}, {"c", 1}};
    f.settle(a, "a", 3);
    f.settle(b, "b", 3);
    f.queues.on_bell("s", {1, 0});
    f.asked();
    f.answer_taken({share(3, {1}), share(3, {})});
    f.join(c, "c");  // its join will make the group again, or has
    const Ticket join = f.ticket();
    a.sink.on_call = [&] { b.consumer.reset(); };
    f.notes();
    if (operation == std::string("take")) {
      f.queues.on_bell("s", {2, 0});
      EXPECT(f.asked().starts_with("take"));
      f.queues.on_taken(f.ticket(), Taken{true, false, {}});
    } else if (operation == std::string("claim")) {
      f.control("reclaim");
      EXPECT(f.asked().starts_with("claim"));
      f.queues.on_claimed(f.ticket(), Claimed{true, {}, 0, 0, {}});
    } else {
      f.queues.on_listening({"s", "g"});
      EXPECT(f.asked().starts_with("renew"));
      f.answer_empty();
      EXPECT(f.asked().starts_with("audit"));
      f.queues.on_audited(f.ticket(), Audited{true, {}});
    }
    EXPECT_EQ_ROW(operation, f.watcher.log.at(0), "lost s/g");
    EXPECT_EQ_ROW(operation, f.queues.figures().groups_lost, 1U);
    EXPECT_ROW(operation, a.sink.text.ends_with(" ended(lost)"));
    EXPECT_EQ_ROW(operation, f.queues.figures().in_flight, 0U);
    EXPECT_EQ_ROW(operation, f.queues.figures().consumers, 1U);
    const std::string notes = f.notes();
    EXPECT_ROW(operation, notes.find("leave s/g a") != std::string::npos);
    EXPECT_ROW(operation, notes.find("leave s/g b") != std::string::npos);
    EXPECT_ROW(operation, notes.find("mark") == std::string::npos);  // it would be a wrong one
    f.queues.on_joined(join, Joined{false, 1, true});
    EXPECT_EQ_ROW(operation, c.sink.text, "joined");
    if (f.asked().starts_with("renew")) {
      f.answer_empty();
    }
    EXPECT_EQ_ROW(operation, f.asked().substr(0, 22), "claim s/g from 0 c:0+1");
  }
}
END_TEST

START_TEST(operations_that_fail) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 9}};
  f.settle(a, "a", 9);
  f.queues.on_bell("s", {1, 0});
  EXPECT_EQ(f.asked(), "take s/g a:0+9");
  f.queues.on_taken(f.ticket(), kAway);
  EXPECT_EQ(f.watcher.log.at(0), "failed s/g: away");
  EXPECT_EQ(f.asked(), "");
  f.wait(250);
  EXPECT_EQ(f.asked(), "");
  f.wait(250);
  EXPECT_EQ(f.asked(), "take s/g a:0+9");
  f.answer_taken({share(9, {1, 2})});
  f.control("reclaim");
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:2+7");
  f.queues.on_claimed(f.ticket(), kAway);
  f.wait(500);
  EXPECT_EQ(f.asked(), "claim s/g from 0 a:2+7");
  f.answer_empty();
  f.queues.on_listening({"s", "g"});
  EXPECT_EQ(f.asked(), "renew s/g a:9");
  f.queues.on_renewed(f.ticket(), kAway);
  f.wait(500);
  EXPECT_EQ(f.asked(), "renew s/g a:9");
  f.answer_empty();
  EXPECT_EQ(f.asked(), "audit s/g a:1 a:2");
  f.queues.on_audited(f.ticket(), kAway);
  f.wait(500);
  EXPECT_EQ(f.asked(), "audit s/g a:1 a:2");
  EXPECT_EQ(f.queues.figures().failures, 4U);
}
END_TEST

// What was given by an operation whose answer was lost is known by nobody: it is asked for.
START_TEST(answers_that_are_lost) {
  for (const char* operation : {"take", "claim"}) {
    Fixture f;
    Client a, b, c;
    f.limits_ = {{"a", 9}, {"b", 9}, {"c", 9}};
    f.settle(a, "a", 9);
    f.settle(b, "b", 9);
    f.settle(c, "c", 9);
    f.queues.on_bell("s", {1, 0});
    f.asked();
    f.answer_taken({share(9, {1}), share(9, {2}), share(9, {})});
    if (operation == std::string("take")) {
      f.queues.on_bell("s", {9, 0});
      EXPECT(f.asked().starts_with("take"));
      f.queues.on_taken(f.ticket(), kUnknown);
    } else {
      f.control("reclaim");
      EXPECT(f.asked().starts_with("claim"));
      f.queues.on_claimed(f.ticket(), kUnknown);
    }
    b.consumer.reset();
    f.notes();
    f.wait(500);
    const std::string asked = f.asked();
    EXPECT_ROW(operation, asked == "recall s/g a c" || asked == "recall s/g c a");
    EXPECT_EQ_ROW(operation, f.source.recent, 1'500U);
    f.queues.on_recalled(f.ticket(), kAway);  // asked again
    f.wait(500);
    EXPECT_EQ_ROW(operation, f.asked(), asked);
    EXPECT_EQ_ROW(operation, f.source.recent, 2'000U);
    Recalled recalled;
    recalled.given = {{{1, 0}, {3, 0}}, {}};
    if (asked.ends_with("a")) {
      std::swap(recalled.given[0], recalled.given[1]);
    }
    f.queues.on_recalled(f.ticket(), recalled);
    EXPECT_EQ_ROW(operation, f.notes(),
                  "mark s/g, requeue s/g a 3");  // and not what its client has
    const std::string next = f.asked();
    EXPECT_ROW(operation, next.starts_with("take") || next.starts_with("claim"));
    EXPECT_EQ_ROW(operation, f.queues.figures().orphaned, 1U);
  }
}
END_TEST

// Who refuses it would refuse it for ever, and nothing else would be asked.
START_TEST(a_recall_that_is_refused) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 9}};
  f.settle(a, "a", 9);
  f.queues.on_bell("s", {1, 0});
  f.asked();
  f.queues.on_taken(f.ticket(), kUnknown);
  f.wait(500);
  EXPECT_EQ(f.asked(), "recall s/g a");
  f.queues.on_recalled(f.ticket(), Error{ErrorKind::kInternal, "NOPERM"});
  f.wait(500);
  EXPECT_EQ(f.asked(), "take s/g a:0+9");
}
END_TEST

START_TEST(after_missed_messages) {
  Limits limits;
  limits.audit_entries = 2;
  Fixture f(limits);
  Client a, b;
  f.limits_ = {{"a", 3}, {"b", 3}};
  f.settle(a, "a", 3);
  f.settle(b, "b", 3);
  f.queues.on_bell("s", {1, 0});
  f.asked();
  f.answer_taken({share(3, {1, 3}), share(3, {2, 4, 5})}, true);
  f.asked();
  f.answer_taken({share(3, {})});
  // The subscription link was lost, and is back.
  f.queues.on_watching("s");
  f.queues.on_listening({"s", "g"});
  EXPECT_EQ(f.asked(), "renew s/g a:3 b:3");
  f.queues.on_renewed(f.ticket(), Renewed{4, 3});
  EXPECT_EQ(f.asked(), "audit s/g a:1 b:2");
  f.control("done 2-0");
  f.queues.on_audited(f.ticket(), Audited{false, {true, false}});
  EXPECT_EQ(f.asked(), "audit s/g a:3 b:4");
  f.queues.on_audited(f.ticket(), Audited{false, {true, false}});
  EXPECT_EQ(f.asked(), "audit s/g b:5");
  f.queues.on_audited(f.ticket(), Audited{false, {true}});
  EXPECT_EQ(f.asked(), "take s/g a:2+2 b:1+2");
  EXPECT_EQ(f.queues.figures().corrected, 1U);
  EXPECT_EQ(f.queues.figures().finished, 1U);
}
END_TEST

// What it answers may be older than the messages that were missed.
START_TEST(missed_while_names_are_renewed) {
  Fixture f;
  Client a;
  f.limits_ = {{"a", 1}};
  f.settle(a, "a", 1);
  f.queues.on_listening({"s", "g"});
  EXPECT_EQ(f.asked(), "renew s/g a:1");
  f.queues.on_listening({"s", "g"});
  f.queues.on_renewed(f.ticket(), Renewed{1});
  EXPECT_EQ(f.asked(), "renew s/g a:1");
  f.queues.on_renewed(f.ticket(), Renewed{5});
  EXPECT_EQ(a.consumer->limit(), 5U);
}
END_TEST

START_TEST(names_are_renewed) {
  Limits limits;
  limits.renew_consumers = 2;
  Fixture f(limits);
  Client a, b, c;
  f.settle(a, "a", 0);
  f.settle(b, "b", 0);
  f.settle(c, "c", 0);
  std::string renewals;
  for (int i = 0; i < 120; ++i) {  // 30 s
    f.wait(250);
    while (!f.asked().empty()) {
      if (f.asked().starts_with("renew")) {
        renewals += f.asked().substr(10) + ";";
        f.queues.on_renewed(f.ticket(), f.source.open.empty() && renewals.ends_with("c:0;")
                                            ? Renewed{0}
                                            : Renewed{0, 0});
      } else {
        f.answer_empty();
      }
    }
  }
  EXPECT_EQ(renewals, "a:0 b:0;c:0;a:0 b:0;c:0;");
  // Somebody else has the name now.
  f.wait(15'000);
  while (!f.asked().starts_with("renew")) {
    f.answer_empty();
  }
  b.sink.on_call = [&] { a.consumer.reset(); };
  f.notes();
  f.queues.on_renewed(f.ticket(), Renewed{0, std::nullopt});
  EXPECT_EQ(b.sink.text, "joined ended(name)");
  EXPECT_EQ(f.notes(), "leave s/g a");  // and not b
  EXPECT_EQ(f.queues.figures().leases_lost, 1U);
}
END_TEST

START_TEST(a_lease_that_is_gone_is_taken_back) {
  Fixture f;
  Client a;
  Client b;
  f.settle(a, "a", 3);
  f.settle(b, "b", 3);
  Share gone;
  gone.forgotten = true;
  f.queues.on_bell("s", {1, 0});
  f.asked();
  f.answer_taken({gone, share(3, {1})});
  EXPECT_EQ(f.asked(), "renew s/g a:100");  // before anything else, and nobody but it
  f.queues.on_renewed(f.ticket(), Renewed{3});
  EXPECT(f.asked().starts_with("claim") || f.asked().starts_with("take"));
  f.answer_empty();
  EXPECT_EQ(a.sink.text, "joined");
  EXPECT_EQ(f.queues.figures().leases_lost, 0U);
  // Somebody else was quicker.
  f.queues.on_bell("s", {2, 0});
  while (!f.asked().starts_with("take")) {
    f.answer_empty();
  }
  f.answer_taken({gone, gone});
  EXPECT(f.asked().starts_with("renew s/g "));
  f.queues.on_renewed(f.ticket(), Renewed{std::nullopt, 3});
  EXPECT_EQ(f.queues.figures().leases_lost, 1U);
}
END_TEST

START_TEST(a_mark_is_kept) {
  Fixture f;
  Client a;
  f.settle(a, "a", 9);
  for (int i = 0; i < 10; ++i) {
    f.wait(1'000);
    while (!f.asked().empty()) {
      f.answer_empty();
    }
  }
  EXPECT_EQ(f.notes(), "");  // nothing moved
  f.queues.on_bell("s", {1, 0});
  f.asked();
  f.answer_taken({share(9, {1})});
  f.wait(250);
  EXPECT_EQ(f.notes(), "mark s/g");
  f.control("done 1-0");
  f.wait(250);
  EXPECT_EQ(f.notes(), "");
  f.wait(5'000);
  EXPECT_EQ(f.notes(), "mark s/g");
}
END_TEST

START_TEST(hostile_messages) {
  Fixture f;
  Client a;
  f.settle(a, "a");
  for (const std::string& payload :
       {std::string(), std::string("done"), std::string("done "), std::string("done x"),
        std::string("done 1-0 "), std::string("done  1-0"), std::string("moved"),
        std::string("moved t"), std::string("moved t x"), std::string("limit"),
        std::string("limit -1"), std::string("limit 1 2"),
        std::string("limit 99999999999999999999"), std::string("reclaim "), std::string("RECLAIM"),
        std::string("done 1-0\0", 9), std::string("\xff\xfe")}) {
    f.control(payload);
    EXPECT_EQ_ROW(payload, f.asked(), "");
  }
  EXPECT_EQ(a.consumer->limit(), 100U);  // as the answers said
  f.queues.on_control({"s", "unknown"}, "reclaim");
  f.queues.on_bell("unknown", {1, 0});
  f.queues.on_taken(12345, Taken{});
  f.queues.on_joined(12345, Joined{});
  EXPECT_EQ(f.asked(), "");
}
END_TEST

}  // namespace

CHECK_MAIN("queue, upstream", a_lost_group_ends_all, operations_that_fail, answers_that_are_lost,
           a_recall_that_is_refused, after_missed_messages, missed_while_names_are_renewed,
           names_are_renewed, a_lease_that_is_gone_is_taken_back, a_mark_is_kept, hostile_messages)
