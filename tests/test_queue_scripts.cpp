// The scripts of work queues on a real Redis.

#include "tests/queue_scripts_fixture.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::kTtl;
using notify::test::Strings;
using Fixture = notify::test::QueueScripts;
using Listener = notify::test::Listener;

namespace {

// ---- leases -------------------------------------------------------------------------------------

START_TEST(a_name_is_held_once) {
  Fixture f;
  EXPECT_EQ(f.join("a", "7"), "(ok 7)");
  EXPECT(f.join("a", "1", "other").starts_with("(held "));
  EXPECT_EQ(f.join("b"), "(ok 1)");
  // A repeat of the same connection's changes nothing.
  EXPECT_EQ(f.join("a", "9"), "(ok 7)");
  // Any bytes make a name.
  const std::string strange("a \n{}%s\xc3\xa9", 9);
  EXPECT_EQ(f.join(strange, "1", "token"), "(ok 1)");
  EXPECT(f.join(strange, "1", "other").starts_with("(held "));
  EXPECT_EQ(f.figures(), "(3 0 0)");
  const long ttl = std::stol(f.redis.ask({"PTTL", f.leases}));
  EXPECT(ttl > 40'000 && ttl <= 45'000);
}
END_TEST

START_TEST(a_lease_lapses) {
  Fixture f;
  f.join("a", "1", "first");
  f.join("b", "1", "b");
  EXPECT(f.join("a", "1", "second").starts_with("(held "));
  f.lapse("a");
  EXPECT_EQ(f.figures(), "(1 0 0)");
  EXPECT_EQ(f.join("a", "1", "second"), "(ok 1)");
  EXPECT_EQ(f.redis.ask(scripts::renew, {f.leases}, {kTtl, "a", "first", "1"}), "(-1)");
  EXPECT_EQ(f.leave("a", "first"), "0");
  EXPECT_EQ(f.figures(), "(2 0 0)");
}
END_TEST

START_TEST(a_lease_is_renewed) {
  Fixture f;
  f.join("a", "5", "ta", "20000");
  f.join("b", "6", "tb", "20000");
  const long before = f.held("a");
  EXPECT(before > 0 && before <= 20'000);
  f.limit("3");
  EXPECT_EQ(f.redis.ask(scripts::renew, {f.leases}, {kTtl, "a", "ta", "5", "b", "tb", "6"}),
            "(3 3)");
  EXPECT(f.held("a") > 40'000);
  // What lapsed while Redis was away, or was lost, goes on if nobody has taken the name.
  f.join("c", "4", "tc");
  f.lapse("c");
  EXPECT_EQ(f.redis.ask(scripts::renew, {f.leases}, {kTtl, "c", "tc", "4"}), "(4)");
  f.redis.ask({"DEL", f.leases});
  EXPECT_EQ(f.redis.ask(scripts::renew, {f.leases}, {kTtl, "a", "ta", "8", "b", "tb", "9"}),
            "(8 9)");
  EXPECT(f.join("b", "1", "other").starts_with("(held "));
}
END_TEST

// Whoever repeats what was done, and was not told, hears so: in its group, and as who had it.
START_TEST(finished_before) {
  Fixture f;
  const std::string notes = group_key("s", kFinishedKind, "g");
  const std::string longest(512, 'c');
  f.set_up({longest, "b"}, "5000");
  f.add(1, 2'600);
  f.take({{longest, 0, 2'600}}, "100000000");
  EXPECT_EQ(f.finish({"1-0"}, longest), "(1 0 1)");
  EXPECT_EQ(f.finish({"1-0"}, longest), "(0 0 3)");
  std::string again;
  while ((again = f.finish({"1-0"}, longest)) == "(0 0 3)") {
  }
  EXPECT_EQ(again, "(0 0 2)");
  EXPECT_EQ(f.finish({"1-0"}), "(0 0 2)");
  EXPECT_EQ(f.finish({"1-0"}, "b"), "(0 0 0)");
  EXPECT_EQ(f.finish({"1-0"}, "", false, "another"), "(0 0 0)");
  EXPECT_EQ(f.finish({"9-9"}), "(0 0 0)");
  const long ttl = std::stol(f.redis.ask({"PTTL", notes}));
  EXPECT(ttl > 590'000 && ttl <= 600'000);
  f.redis.ask({"HDEL", notes, "1-0"});  // it was told
  EXPECT_EQ(f.finish({"1-0"}), "(0 0 0)");
  // At most two halves of a thousand each, however many were finished, and none is large.
  for (int first = 2; first < 2'600; first += 100) {
    Strings ids;
    for (int i = first; i < first + 100; ++i) {
      ids.push_back(std::to_string(i) + "-0");
    }
    f.finish(ids);
  }
  const std::string elder = group_key("s", kFinishedBeforeKind, "g");
  const long kept =
      std::stol(f.redis.ask({"HLEN", notes})) + std::stol(f.redis.ask({"HLEN", elder}));
  EXPECT(kept >= 1'000 && kept <= 2'200);
  EXPECT(f.redis.ask({"HGET", elder, "1500-0"}).size() < 60);
  EXPECT(std::stol(f.redis.ask({"MEMORY", "USAGE", elder})) < 250'000);
}
END_TEST

START_TEST(a_lease_of_a_connection_that_is_gone) {
  Fixture f;
  f.join("a", "1", "w.1");
  EXPECT(f.join("a", "1", "v.2").ends_with(" w.1)"));
  const auto over = [&f](const std::string& gone) {
    return f.redis.ask(scripts::join, {f.leases}, {"a", "v.2", "3", kTtl, gone});
  };
  EXPECT(over("w.9").starts_with("(held "));
  EXPECT(over("").starts_with("(held "));
  EXPECT_EQ(over("w.1"), "(ok 3)");
  EXPECT_EQ(f.redis.ask(scripts::renew, {f.leases}, {kTtl, "a", "w.1", "1"}), "(-1)");
}
END_TEST

START_TEST(a_sign_of_life) {
  Fixture f;
  const std::string key = alive_key("w");
  EXPECT_EQ(worker_of(connection_token("w", "1")), "w");
  EXPECT_EQ(worker_of("an-older-one"), "");
  f.redis.ask(scripts::alive, {key}, {"1", "10000"});
  EXPECT_EQ(f.redis.ask({"GET", key}), "1");
  // Also where memory is full, or all would be taken for dead.
  f.redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  f.redis.ask(scripts::alive, {key}, {"2", "10000"});
  EXPECT_EQ(f.redis.ask({"GET", key}), "2");
  f.redis.ask({"DEL", key});
  f.redis.ask(scripts::alive, {key}, {"3", "10000"});
  EXPECT_EQ(f.redis.ask({"GET", key}), "3");
  EXPECT(std::stol(f.redis.ask({"PTTL", key})) > 9'000);
}
END_TEST

START_TEST(a_consumer_with_something_pending_stays) {
  Fixture f;
  f.set_up({"a", "b"}, "10");
  f.add(1, 2);
  EXPECT_EQ(f.take({{"a"}, {"b"}}), "(ok 0 (10 (1-0 (v 1))) (10 (2-0 (v 2))))");
  EXPECT_EQ(f.finish({"2-0"}), "(1 0 1)");
  EXPECT_EQ(f.consumers_of_group(), "a b ");
  EXPECT_EQ(f.leave("a", "not its token"), "0");
  EXPECT_EQ(f.leave("a"), "1");
  EXPECT_EQ(f.leave("b"), "2");
  EXPECT_EQ(f.consumers_of_group(), "a ");
  EXPECT_EQ(f.owner("1-0"), "a");
  EXPECT_EQ(f.figures(), "(0 0 0)");
  // It comes back under its name, finishes, and goes.
  EXPECT_EQ(f.join("a", "1", "again"), "(ok 1)");
  EXPECT_EQ(f.finish({"1-0"}), "(1 0 1)");
  EXPECT_EQ(f.leave("a", "again"), "2");
  EXPECT_EQ(f.leave("a", "again"), "2");  // repeated
  EXPECT_EQ(f.consumers_of_group(), "");
  f.redis.ask({"DEL", "s"});
  EXPECT_EQ(f.leave("a"), "1");
}
END_TEST

START_TEST(what_nobody_saw_is_requeued) {
  Fixture f;
  Listener listener(f.redis, f.channel);
  f.set_up({"a", "b"}, "10");
  f.add(1, 4);
  f.take({{"a", 0, 2}, {"b", 0, 2}});  // in turn: a has 1 and 3
  const auto recall = [&](const std::string& recent) {
    return f.redis.ask(scripts::recall, {"s", f.leases}, {"g", recent, "a", "ta", "b", "tb"});
  };
  EXPECT_EQ(recall("60000"), "(ok (1-0 3-0) (2-0 4-0))");
  f.idle("1-0", "5000");
  EXPECT_EQ(recall("4000"), "(ok (3-0) (2-0 4-0))");
  EXPECT_EQ(f.redis.ask(scripts::recall, {"s", f.leases}, {"g", "60000", "a", "another"}),
            "(ok ())");
  EXPECT_EQ(f.redis.ask(scripts::recall, {"none", f.leases}, {"g", "60000", "a", "ta"}), "(lost)");

  f.redis.ask({"XACK", "s", "g", "3-0"});
  EXPECT_EQ(f.redis.ask(scripts::requeue, {"s"}, {"g", f.channel, "a", "1-0", "2-0", "3-0", "9-0"}),
            "1");  // the others are not its own
  EXPECT_EQ(listener.next(), "reclaim");
  EXPECT_EQ(f.deliveries("1-0"), 0);
  EXPECT_EQ(f.claim({{"b", 2}}, {.idle = "3600000"}), "(ok 0-0 0 0 (10 (1-0 (v 1))))");
  EXPECT_EQ(f.owner("1-0"), "b");
  EXPECT_EQ(f.deliveries("1-0"), 1);
  EXPECT_EQ(f.redis.ask(scripts::requeue, {"none"}, {"g", f.channel, "a", "1-0"}), "0");
}
END_TEST

START_TEST(a_sweep_takes_what_nobody_needs) {
  Fixture f;
  const Strings keys = {"s", f.leases};
  EXPECT_EQ(f.redis.ask(scripts::sweep, keys, {"g", "0", "100"}), "(lost 0 0 0)");
  f.set_up({"a", "b", "c"}, "1");
  f.add(1, 3);
  f.take({{"a"}, {"b"}, {"c"}});
  f.finish({"2-0", "3-0"});
  f.redis.ask({"HDEL", f.leases, "b"});
  f.redis.ask({"HSET", f.leases, "c", "5 tc 1 0 0"});
  f.redis.ask({"HSET", f.leases, "d", "no lease at all"});
  EXPECT_EQ(f.redis.ask(scripts::sweep, keys, {"g", "60000", "100"}), "(ok 0 2 1)");
  EXPECT_EQ(f.consumers_of_group(), "a b c ");
  EXPECT_EQ(f.redis.ask(scripts::sweep, keys, {"g", "0", "1"}), "(ok 1 0 1)");
  EXPECT_EQ(f.redis.ask(scripts::sweep, keys, {"g", "0", "100"}), "(ok 1 0 1)");
  EXPECT_EQ(f.consumers_of_group(), "a ");
  f.redis.ask({"DEL", f.leases});
  EXPECT_EQ(f.redis.ask(scripts::sweep, keys, {"g", "0", "100"}), "(ok 0 0 0)");  // pending on it
  EXPECT_EQ(f.owner("1-0"), "a");
}
END_TEST

// ---- a group that is lost -----------------------------------------------------------------------

START_TEST(a_lost_group_comes_back_at_its_mark) {
  Fixture f;
  EXPECT_EQ(f.ensure(), "(1 0-0)");
  EXPECT_EQ(f.ensure(), "(0 )");
  f.join("a", "10");
  f.add(1, 5);
  f.redis.ask({"ZADD", side_key("s", "due"), "1", "1:1-0"});  // another group's business
  f.take({{"a", 0, 3}});
  f.finish({"1-0", "3-0"});
  EXPECT_EQ(f.redis.ask(scripts::mark, {"s", f.mark}, {"g"}), "1-18446744073709551615");
  f.redis.ask({"XGROUP", "DESTROY", "s", "g"});
  EXPECT_EQ(f.take({{"a"}}), "(lost)");
  EXPECT_EQ(f.take({}), "(lost)");
  EXPECT_EQ(f.claim({{"a"}}), "(lost)");
  EXPECT_EQ(f.redis.ask(scripts::audit, {"s"}, {"g", "a", "1-0"}), "(lost)");
  EXPECT_EQ(f.finish({"2-0"}), "(0 0 0)");
  // What was unfinished comes again, what was finished before the mark does not.
  EXPECT_EQ(f.ensure(), "(2 1-18446744073709551615)");
  EXPECT_EQ(f.take({{"a", 0, 2}}), "(ok 1 (10 (2-0 (v 2)) (3-0 (v 3))))");
  EXPECT_EQ(f.redis.ask({"ZCARD", side_key("s", "due")}), "1");

  // With the stream: from 0 while it is empty, and where its ids begin anew.
  f.redis.ask({"DEL", "s"});
  EXPECT_EQ(f.take({}), "(lost)");
  EXPECT_EQ(f.ensure(), "(2 0-0)");
  f.redis.ask({"DEL", "s"});
  f.add(1, 1);
  EXPECT_EQ(f.ensure(), "(2 0-0)");
  EXPECT_EQ(f.take({{"a"}}), "(ok 0 (10 (1-0 (v 1))))");
  f.redis.ask({"SET", "s", "text"});
  EXPECT_EQ(f.take({{"a"}}), "(lost)");
  EXPECT_EQ(f.claim({{"a"}}), "(lost)");
  EXPECT(f.finish({"1-0"}).find("WRONGTYPE") != std::string::npos);
  EXPECT(f.ensure().find("WRONGTYPE") != std::string::npos);
}
END_TEST

// ---- taking -------------------------------------------------------------------------------------

START_TEST(the_limit_in_redis_is_exact) {
  Fixture f;
  f.set_up({"a"}, "3");
  f.add(1, 20);
  struct Row {
    const char* limit;
    int in_flight;
    int count;
    const char* answer;
  };
  const Row rows[] = {
      {"3", 0, 100, "(ok 1 (3 (1-0 (v 1)) (2-0 (v 2)) (3-0 (v 3))))"},
      {"3", 3, 100, "(ok 1 (3))"},
      {"4", 3, 100, "(ok 1 (4 (4-0 (v 4))))"},
      {"1", 0, 100, "(ok 1 (1 (5-0 (v 5))))"},
      {"0", 0, 100, "(ok 1 (0))"},
      {"2", 4, 100, "(ok 1 (2))"},
      {"10000", 0, 0, "(ok 1 (10000))"},
      {"10000", 0, 1, "(ok 1 (10000 (6-0 (v 6))))"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.limit, f.limit(row.limit), "1");
    EXPECT_EQ_ROW(row.limit, f.take({{"a", row.in_flight, row.count}}), row.answer);
  }
  EXPECT_EQ(f.figures(), "(1 6 0)");
  EXPECT_EQ(f.take({{"a", 0, 5, "not its token"}}), "(ok 1 (-1))");
  EXPECT_EQ(f.take({{"nobody", 0, 5}}), "(ok 1 (-2))");
  EXPECT_EQ(f.pending(), 6);
}
END_TEST

START_TEST(consumers_share) {
  Fixture f;
  f.set_up({"a", "b", "c"}, "10");
  f.add(1, 3);
  EXPECT_EQ(f.take({{"b"}, {"c"}, {"a"}}),
            "(ok 0 (10 (1-0 (v 1))) (10 (2-0 (v 2))) (10 (3-0 (v 3))))");
  f.add(4, 103);
  const auto answer = f.take({{"a", 1}, {"b", 1}, {"c", 1}});
  EXPECT(answer.starts_with("(ok 1 "));
  EXPECT_EQ(f.pending(), 30);  // 10 each
  EXPECT_EQ(f.figures(), "(3 30 0)");
  const auto count = f.redis.raw({"XPENDING", "s", "g"});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(Reply(count.get())[3][i][1].text(), "10");
  }
}
END_TEST

START_TEST(a_take_is_bounded_in_bytes) {
  Fixture f;
  f.set_up({"a"}, "1000");
  for (int i = 0; i < 100; ++i) {
    f.redis.ask({"XADD", "s", "*", "x", std::string(999, 'x')});
  }
  struct Row {
    const char* bytes;
    long pending;
  };
  // 1, then 2, 4, 4: the one that reaches the bound is the last.
  for (const Row row : {Row{"1", 1}, Row{"1000", 2}, Row{"1001", 5}, Row{"10000", 16}}) {
    EXPECT(f.take({{"a"}}, row.bytes).starts_with("(ok 1 "));
    EXPECT_EQ_ROW(row.bytes, f.pending(), row.pending);
  }
}
END_TEST

// Many small ones say nothing of those that follow.
START_TEST(large_entries_behind_small_ones) {
  Fixture f;
  f.set_up({"a", "b"}, "1000");
  f.add(1, 31);
  for (int i = 0; i < 100; ++i) {
    f.redis.ask({"XADD", "s", "*", "x", std::string(5'000, 'x')});
  }
  EXPECT(f.take({{"a"}}, "10000").starts_with("(ok 1 "));
  EXPECT_EQ(f.pending(), 31 + 4);
  const std::string answer = f.claim({{"b"}}, {.bytes = "10000"});
  EXPECT(answer.starts_with("(ok "));
  EXPECT(answer.size() < 31 * 20 + 4 * 5'100);
  // Those that die are copied, too.
  f.take({{"a"}}, "10000000");
  f.claim({{"b"}}, {.most = "1", .bytes = "10000"});
  const auto dead = f.redis.raw({"XLEN", side_key("s", "dead")});
  EXPECT(Reply(dead.get()).integer().value_or(0) <= 31 + 4);
}
END_TEST

// ---- finishing ----------------------------------------------------------------------------------

START_TEST(finishing) {
  Fixture f;
  Listener listener(f.redis, f.channel);
  f.set_up({"a", "b"}, "3");
  f.redis.ask({"XGROUP", "CREATE", "s", "other", "0"});
  f.add(1, 5);
  f.redis.ask({"XREADGROUP", "GROUP", "other", "x", "COUNT", "5", "STREAMS", "s", ">"});
  f.take({{"a"}, {"b"}});
  EXPECT_EQ(f.owner("1-0") + f.owner("2-0") + f.owner("3-0") + f.owner("5-0"), "abab");

  EXPECT_EQ(f.finish({"1-0"}), "(1 0 1)");
  EXPECT_EQ(listener.next(), "done 1-0");
  EXPECT_EQ(f.finish({"1-0"}), "(0 0 3)");  // twice
  EXPECT_EQ(listener.next(), "absent 1-0");
  EXPECT_EQ(f.finish({"2-0"}, "a"), "(0 0 0)");  // b has it
  EXPECT_EQ(listener.next(), "lacks ta 2-0");
  EXPECT_EQ(f.finish({"2-0"}, "nobody"), "(0 0 0)");
  EXPECT_EQ(f.owner("2-0"), "b");
  EXPECT_EQ(f.finish({"2-0"}, "b"), "(1 0 1)");
  EXPECT_EQ(listener.next(), "done 2-0");
  EXPECT_EQ(f.finish({"9-9", "3-0", "3-0", "5-0"}), "(2 0 0 1 0 1)");
  EXPECT_EQ(listener.next(), "done 3-0 5-0");
  EXPECT_EQ(listener.next(), "absent 9-9 3-0");
  EXPECT_EQ(f.figures(), "(2 5 4)");
  // Never for another group, and the entry stays.
  EXPECT_EQ(f.redis.ask({"XPENDING", "s", "other"}), "(5 1-0 5-0 ((x 5)))");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "5");
  EXPECT_EQ(f.finish({"4-0"}, "", true), "(1 1 1)");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "4");

  EXPECT_EQ(f.finish({"1-0"}, "", false, "no such group"), "(0 0 0)");
  EXPECT(f.finish({"nonsense"}).starts_with("-"));
  // A name that has left can still be the owner.
  f.add(6, 6);
  f.take({{"a", 0, 1}});
  f.leave("a");
  EXPECT_EQ(f.finish({"6-0"}, "a"), "(1 0 1)");
}
END_TEST

START_TEST(by_id_alone) {
  Fixture f;
  const std::string key = inflight_key({7, 0});
  const std::string one = queue_pair("s", "g");
  const std::string two = queue_pair("s", "other");
  EXPECT_EQ(f.redis.ask(scripts::inflight, {key, inflight_key({8, 0})}, {one, "1000"}), "2");
  EXPECT_EQ(f.redis.ask(scripts::inflight, {key}, {one, "500"}), "0");
  EXPECT(std::stol(f.redis.ask({"PTTL", key})) > 500);  // never shorter
  EXPECT_EQ(f.redis.ask(scripts::inflight, {key}, {two, "300000"}), "1");
  EXPECT(std::stol(f.redis.ask({"PTTL", key})) > 200'000);
  EXPECT_EQ(f.redis.ask({"SCARD", key}), "2");
  EXPECT_EQ(f.redis.ask(scripts::inflight, {key}, {one, "0"}), "1");
  EXPECT_EQ(f.redis.ask({"SMEMBERS", key}), "(" + two + ")");
  EXPECT_EQ(f.redis.ask(scripts::inflight, {key}, {two, "0"}), "1");
  EXPECT_EQ(f.redis.ask({"EXISTS", key}), "0");
}
END_TEST

START_TEST(the_limit_of_all) {
  Fixture f;
  Listener listener(f.redis, f.channel);
  EXPECT_EQ(f.limit("5"), "0");
  f.set_up({"a", "b"}, "1");
  f.join("gone");
  f.lapse("gone");
  EXPECT_EQ(f.limit("0"), "2");
  EXPECT_EQ(listener.next(), "limit 0");
  EXPECT_EQ(f.limit("5"), "2");
  EXPECT_EQ(listener.next(), "limit 5");
  f.add(1, 7);
  f.take({{"a"}, {"b", 3}});
  EXPECT_EQ(f.figures(), "(2 7 0)");
}
END_TEST

// ---- claiming -----------------------------------------------------------------------------------

START_TEST(what_idles_is_claimed) {
  Fixture f;
  Listener listener(f.redis, f.channel);
  f.set_up({"a", "b"}, "2");
  f.add(1, 4);
  f.take({{"a", 0, 2}});
  f.take({{"a", 0, 2}});
  EXPECT_EQ(f.claim({{"b"}}, {.idle = "60000"}), "(ok 0-0 0 0 (2))");
  EXPECT_EQ(f.deliveries("1-0"), 1);
  for (const char* id : {"1-0", "2-0", "3-0", "4-0"}) {
    f.idle(id, "70000");
  }
  EXPECT_EQ(f.claim({{"b"}, {"nobody"}}, {.idle = "60000"}),
            "(ok 3-0 0 0 (2 (1-0 (v 1)) (2-0 (v 2))) (-2))");
  EXPECT_EQ(listener.next(), "moved tb 1-0");
  EXPECT_EQ(listener.next(), "moved tb 2-0");
  EXPECT_EQ(f.owner("1-0"), "b");
  EXPECT_EQ(f.deliveries("1-0"), 2);
  EXPECT_EQ(f.deliveries("3-0"), 1);
  EXPECT_EQ(f.figures(), "(2 6 0)");
  // From where it stopped; also one's own.
  EXPECT_EQ(f.claim({{"b", 2}, {"a", 0}}, {.idle = "60000", .cursor = "3-0"}),
            "(ok 0-0 0 0 (2) (2 (3-0 (v 3)) (4-0 (v 4))))");
  EXPECT_EQ(f.claim({{"a", 0}}, {.idle = "60000"}), "(ok 0-0 0 0 (2))");  // all are in use again
  EXPECT_EQ(
      f.redis.ask(scripts::audit, {"s"},
                  {"g", "a", "1-0", "b", "1-0", "a", "3-0", "a", "4-0", "b", "4-0", "a", "9-9"}),
      "(ok 0 1 1 1 0 0)");
  // Nobody who may have any: nothing is looked at.
  f.limit("0");
  EXPECT_EQ(f.claim({{"a"}, {"b"}}, {.cursor = "3-0"}), "(ok 3-0 0 0 (0) (0))");
}
END_TEST

START_TEST(bodies_that_are_gone) {
  Fixture f;
  Listener listener(f.redis, f.channel);
  f.set_up({"a", "b"}, "10");
  f.add(1, 5);
  f.take({{"a"}});
  f.redis.ask({"XDEL", "s", "1-0", "3-0", "4-0"});
  EXPECT_EQ(f.claim({{"b"}}), "(ok 0-0 3 0 (10 (2-0 (v 2)) (5-0 (v 5))))");
  EXPECT_EQ(listener.next(), "moved tb 2-0");
  EXPECT_EQ(listener.next(), "moved tb 5-0");
  EXPECT_EQ(listener.next(), "done 1-0 3-0 4-0");
  EXPECT_EQ(f.pending(), 2);
}
END_TEST

START_TEST(too_many_deliveries) {
  Fixture f;
  Listener listener(f.redis, f.channel);
  f.set_up({"a"}, "10");
  f.add(1, 2);
  f.take({{"a"}});
  EXPECT_EQ(f.claim({{"a"}}, {.most = "3"}), "(ok 0-0 0 0 (10 (1-0 (v 1)) (2-0 (v 2))))");
  listener.next();
  listener.next();
  EXPECT_EQ(f.finish({"2-0"}), "(1 0 1)");
  listener.next();
  EXPECT_EQ(f.claim({{"a"}}, {.most = "3"}), "(ok 0-0 0 0 (10 (1-0 (v 1))))");
  EXPECT_EQ(listener.next(), "moved ta 1-0");
  EXPECT_EQ(f.deliveries("1-0"), 3);
  EXPECT_EQ(f.claim({{"a"}}, {.most = "3"}), "(ok 0-0 0 1 (10))");
  EXPECT_EQ(listener.next(), "done 1-0");
  EXPECT_EQ(f.pending(), 0);
  const auto letters = f.redis.raw({"XRANGE", side_key("s", "dead"), "-", "+"});
  const Reply fields = Reply(letters.get())[0][1];
  EXPECT_EQ(fields.size(), 12U);
  const char* expected[] = {"notify-id",       "1-0",
                            "notify-group",    "g",
                            "notify-reason",   "not finished after 3 deliveries",
                            "notify-attempts", "3"};
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ_ROW(i, fields[i].text(), expected[i]);
  }
  EXPECT_EQ(fields[8].text(), "notify-at");
  EXPECT_EQ(fields[10].text(), "v");
  EXPECT_EQ(fields[11].text(), "1");
  // Driven again: pending for this group, with no attempts, and nobody has it.
  const std::string id(Reply(letters.get())[0][0].text());
  EXPECT_EQ(f.redis.ask(scripts::redrive, {"s", side_key("s", "dead"), side_key("s", "due")},
                        {id, "queue"}),
            "(pending 1-0)");
  EXPECT_EQ(f.redis.ask({"EXISTS", side_key("s", "due")}), "0");
  EXPECT_EQ(f.claim({{"a"}}, {.most = "3"}), "(ok 0-0 0 0 (10 (1-0 (v 1))))");
  // 0: as often as it takes.
  EXPECT_EQ(f.claim({{"a"}}, {.most = "0"}), "(ok 0-0 0 0 (10 (1-0 (v 1))))");
}
END_TEST

START_TEST(late_entries_ring) {
  Fixture f;
  f.set_up({"a"}, "10");
  f.add(1, 2);
  f.take({{"a", 0, 2}});
  Listener listener(f.redis, f.channel);
  EXPECT_EQ(f.redis.ask(scripts::overdue, {"s"}, {"g", f.channel, "60000"}), "(ok 2 0)");
  EXPECT_EQ(f.redis.ask(scripts::overdue, {"s"}, {"g", f.channel, "0"}), "(ok 2 1)");
  EXPECT_EQ(listener.next(), "reclaim");
  EXPECT_EQ(f.redis.ask(scripts::overdue, {"s"}, {"none", f.channel, "0"}), "(lost)");
}
END_TEST

START_TEST(an_entry_of_many_fields_dies) {
  Fixture f;
  f.set_up({"a"}, "10");
  Strings command = {"XADD", "s", "1-0"};
  for (int i = 0; i < 8000; ++i) {
    command.insert(command.end(), {"f" + std::to_string(i), "v"});
  }
  f.redis.ask(command);
  f.take({{"a"}});
  EXPECT_EQ(f.claim({{"a"}}, {.most = "1"}), "(ok 0-0 0 1 (10))");
  const auto letters = f.redis.raw({"XRANGE", side_key("s", "dead"), "-", "+"});
  EXPECT_EQ(Reply(letters.get())[0][1].size(), 7010U);
}
END_TEST

START_TEST(a_long_walk_is_sliced) {
  Fixture f;
  f.set_up({"a", "b"}, "1000");
  f.add(1, 500);
  f.take({{"a", 0, 1000}});
  EXPECT_EQ(f.pending(), 500);
  // 16 calls of 1, 2, 4, 4, … entries, or until the bytes are used.
  std::string cursor = "0-0";
  for (int place = 60; place < 500; place += 59) {
    const auto answer = f.claim({{"b", 0, 1000}}, {.cursor = cursor});
    cursor = std::to_string(place) + "-0";
    EXPECT(answer.starts_with("(ok " + cursor + " 0 0 "));
  }
  EXPECT(f.claim({{"b", 0, 1000}}, {.cursor = cursor}).starts_with("(ok 0-0 0 0 "));
  EXPECT_EQ(f.owner("1-0") + f.owner("500-0"), "bb");
  EXPECT(f.claim({{"a", 0, 1000}}, {.bytes = "2"}).starts_with("(ok 2-0 0 0 (1000 (1-0 (v 1))"));
}
END_TEST

START_TEST(with_full_memory) {
  Fixture f;
  f.set_up({"a"}, "10");
  f.add(1, 3);
  f.take({{"a", 0, 1}});
  f.redis.ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  f.redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(f.join("b"), "(ok 1)");  // who comes to empty it is welcome
  EXPECT_EQ(f.take({{"a", 1, 1}}), "(ok 1 (10 (2-0 (v 2))))");
  EXPECT_EQ(f.finish({"1-0"}), "(1 0 1)");
  // A dead letter that cannot be written is not lost.
  f.claim({{"a"}}, {.most = "1"});
  EXPECT_EQ(f.pending() + std::stol(f.redis.ask({"XLEN", side_key("s", "dead")})), 1);
}
END_TEST

}  // namespace

LIVE_REDIS_MAIN("queue scripts", a_name_is_held_once, a_lease_lapses, a_lease_is_renewed,
                finished_before, a_lease_of_a_connection_that_is_gone, a_sign_of_life,
                a_consumer_with_something_pending_stays, what_nobody_saw_is_requeued,
                a_sweep_takes_what_nobody_needs, a_lost_group_comes_back_at_its_mark,
                the_limit_in_redis_is_exact, consumers_share, a_take_is_bounded_in_bytes,
                large_entries_behind_small_ones, finishing, by_id_alone, the_limit_of_all,
                what_idles_is_claimed, late_entries_ring, bodies_that_are_gone, too_many_deliveries,
                an_entry_of_many_fields_dies, a_long_walk_is_sliced, with_full_memory)
