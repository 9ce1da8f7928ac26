// The worker's scripts on a real Redis: settlements, retries, take-over, names, budget. Every
// settlement is tried twice, for another worker's entry, and for one that is gone.

#include <functional>

#include "shared/redis/schema.hpp"
#include "shared/redis/schema_catalog.hpp"
#include "tests/live_redis.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::LiveRedis;

namespace {

const std::string kDue = "notify:{s}:due";
const std::string kDead = "notify:{s}:dead";
const std::string kMark = "notify:{s}:mark:g";

// Stream s with group g; worker A holds the name "a" with the token "A", worker B likewise.
struct Fixture {
  Fixture() {
    redis.ask({"XGROUP", "CREATE", "s", "g", "0", "MKSTREAM"});
    lease("a", "A");
    lease("b", "B");
  }

  static std::string lease_key(const std::string& name) { return "notify:{s}:lease:" + name; }
  static std::string token(const std::string& name) { return name == "a" ? "A" : "B"; }

  std::string lease(const std::string& name, const std::string& token_text, int ttl = 60'000) {
    return redis.ask(scripts::lease, {lease_key(name)}, {token_text, std::to_string(ttl)});
  }
  // Adds an entry and has `consumer` take it.
  std::string take(const std::string& consumer = "a", const std::string& text = "hello") {
    const auto id = redis.ask({"XADD", "s", "*", "message", text});
    redis.ask({"XREADGROUP", "GROUP", "g", consumer, "STREAMS", "s", ">"});
    return id;
  }
  std::string attempt(const std::string& name, const std::string& id, int attempts) {
    return redis.ask(scripts::attempt, {"s", lease_key(name), kDue},
                     {"g", name, token(name), id, std::to_string(attempts)});
  }
  std::string done(const std::string& id) {
    return redis.ask(scripts::settle_done, {"s", kDue}, {"g", id});
  }
  std::string later(const std::string& name, const std::string& id, int attempts, int delay) {
    return redis.ask(scripts::settle_later, {"s", kDue, lease_key(name)},
                     {"g", name, token(name), id, std::to_string(attempts), std::to_string(delay)});
  }
  std::string dead(const std::string& name, const std::string& id, const std::string& reason) {
    return redis.ask(scripts::settle_dead, {"s", kDead, kDue, lease_key(name)},
                     {"g", name, token(name), id, reason, "3", "10000"});
  }
  std::string due(const std::string& name, int limit = 10) {
    return redis.ask(scripts::due, {"s", kDue, lease_key(name)},
                     {"g", name, token(name), std::to_string(limit)});
  }
  std::string reclaim(const std::string& name, const std::string& from,
                      const std::string& start = "-", int limit = 10, int idle = 0) {
    return redis.ask(
        scripts::reclaim, {"s", kDue, lease_key(name), lease_key(from)},
        {"g", name, token(name), from, std::to_string(idle), start, std::to_string(limit)});
  }
  // "consumer count" of a pending entry; empty if it is not pending.
  std::string pending(const std::string& id) {
    const auto answer = redis.raw({"XPENDING", "s", "g", id, id, "1"});
    const Reply row = Reply(answer.get())[0];
    return row.size() == 0
               ? ""
               : std::string(row[1].text()) + " " + std::to_string(row[3].integer().value_or(-1));
  }
  std::string records() { return redis.ask({"ZRANGE", kDue, "0", "-1"}); }

  LiveRedis redis;
};

START_TEST(names_belong_to_tokens) {
  Fixture f;
  const std::vector<std::string> keys = {"notify:{s}:lease:x", "notify:{s}:lease:x-2"};
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T1", "50000"}), "1");
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T1", "50000"}), "1");  // again: renewed
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T2", "50000"}), "2");
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T3", "50000"}), "0");
  EXPECT_EQ(f.redis.ask(scripts::lease, {keys[0]}, {"T2", "50000"}), "0");
  EXPECT_EQ(f.redis.ask(scripts::lease, {keys[0]}, {"T2", "0"}), "0");  // not his to give back
  EXPECT_EQ(f.redis.ask(scripts::lease, {keys[0]}, {"T1", "0"}), "1");
  EXPECT_EQ(f.redis.ask(scripts::lease, {keys[0]}, {"T1", "0"}), "0");
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T2", "50000"}), "2");  // keeps the one that it has
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T3", "50000"}), "1");
  EXPECT_EQ(f.redis.ask({"PEXPIRE", keys[0], "0"}), "1");  // it lapses
  EXPECT_EQ(f.redis.ask(scripts::lease, keys, {"T4", "50000"}), "1");
}
END_TEST

START_TEST(done_is_safe_to_repeat) {
  Fixture f;
  const auto id = f.take();
  EXPECT_EQ(f.attempt("a", id, 0), "ok");
  EXPECT_EQ(f.done(id), "1");
  EXPECT_EQ(f.done(id), "0");
  EXPECT_EQ(f.pending(id), "");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "1");
}
END_TEST

START_TEST(done_removes_the_due_record) {
  Fixture f;
  const auto id = f.take();
  f.attempt("a", id, 0);
  f.later("a", id, 1, 5000);
  EXPECT_EQ(f.done(id), "1");  // an answer that came after all
  EXPECT_EQ(f.records(), "()");
  EXPECT_EQ(f.later("a", id, 1, 5000), "0");
  EXPECT_EQ(f.dead("a", id, "x"), "");
  EXPECT_EQ(f.records(), "()");
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "0");
}
END_TEST

START_TEST(later_waits_by_the_clock_of_redis) {
  Fixture f;
  const auto id = f.take();
  EXPECT_EQ(f.attempt("a", id, 0), "ok");
  EXPECT_EQ(f.pending(id), "a 2");
  const auto at = f.later("a", id, 1, 60'000);
  EXPECT(at.size() == 13);
  EXPECT_EQ(f.records(), "(1:" + id + ")");
  EXPECT_EQ(f.pending(id), "a 2");
  EXPECT(f.due("a").ends_with(" () ())"));
  EXPECT_EQ(f.attempt("a", id, 1), "gone");  // not before its time
  f.redis.ask({"ZINCRBY", kDue, "-60000", "1:" + id});
  EXPECT_EQ(f.due("b"), "(ok -1 ((" + id + " 1 (message hello))) ())");  // any worker
  EXPECT_EQ(f.pending(id), "b 2");
  EXPECT_EQ(f.records(), "()");
  EXPECT_EQ(f.attempt("a", id, 1), "gone");
  EXPECT_EQ(f.attempt("b", id, 1), "ok");
  EXPECT_EQ(f.pending(id), "b 3");
}
END_TEST

START_TEST(later_is_safe_to_repeat) {
  Fixture f;
  const auto id = f.take();
  f.attempt("a", id, 4);
  f.later("a", id, 5, 1000);
  f.later("a", id, 5, 9000);
  EXPECT_EQ(f.records(), "(5:" + id + ")");
  const auto next = f.due("a");
  EXPECT(next.starts_with("(ok 8") || next == "(ok 9000 () ())");
  // No attempt spent: the counter goes back.
  const auto free = f.take();
  f.attempt("a", free, 0);
  EXPECT_EQ(f.pending(free), "a 2");
  f.later("a", free, 0, 1);
  EXPECT_EQ(f.pending(free), "a 1");
}
END_TEST

START_TEST(dead_letters_keep_everything) {
  Fixture f;
  const auto id = f.redis.ask({"XADD", "s", "*", "a", "1", "notify-id", "mine", "a", "2"});
  f.redis.ask({"XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">"});
  f.attempt("a", id, 2);
  const auto letter = f.dead("a", id, "no such webhook");
  EXPECT(parse_entry_id(letter).has_value());
  EXPECT_EQ(f.dead("a", id, "again"), "");
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "1");
  const auto text = f.redis.ask({"XRANGE", kDead, "-", "+"});
  EXPECT(text.starts_with("((" + letter + " (notify-id " + id +
                          " notify-group g notify-reason no such webhook notify-attempts 3 "
                          "notify-at 1"));
  EXPECT(text.ends_with(" a 1 notify-id mine a 2)))"));
  EXPECT_EQ(f.pending(id), "");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "1");
}
END_TEST

START_TEST(dead_letter_of_very_many_fields) {
  Fixture f;
  std::vector<std::string> command = {"XADD", "s", "*"};
  for (int i = 0; i < 5000; ++i) {
    command.emplace_back("f" + std::to_string(i));
    command.emplace_back("v");
  }
  const auto id = f.redis.ask(command);
  f.redis.ask({"XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">"});
  EXPECT(parse_entry_id(f.dead("a", id, "too much")).has_value());
  EXPECT(f.redis.ask({"XRANGE", kDead, "-", "+"}).find("too much (1500 of its fields left out)") !=
         std::string::npos);
}
END_TEST

START_TEST(nobody_settles_for_others) {
  Fixture f;
  const auto id = f.take("b");
  EXPECT_EQ(f.attempt("a", id, 0), "gone");
  EXPECT_EQ(f.later("a", id, 1, 1000), "0");
  EXPECT_EQ(f.dead("a", id, "x"), "");
  EXPECT_EQ(f.pending(id), "b 1");
  EXPECT_EQ(f.records(), "()");
  // The name went to another worker.
  f.redis.ask({"SET", Fixture::lease_key("b"), "C"});
  EXPECT_EQ(f.attempt("b", id, 0), "lost");
  EXPECT_EQ(f.later("b", id, 1, 1000), "0");
  EXPECT_EQ(f.dead("b", id, "x"), "");
  EXPECT_EQ(f.due("b"), "(lost)");
  EXPECT_EQ(f.reclaim("b", "a"), "(lost)");
  // The lease lapsed: nothing begins, what has ended may be settled.
  f.redis.ask({"DEL", Fixture::lease_key("b")});
  EXPECT_EQ(f.attempt("b", id, 0), "lost");
  EXPECT_EQ(f.due("b"), "(lost)");
  EXPECT(f.later("b", id, 1, 1000) != "0");
  EXPECT_EQ(f.records(), "(1:" + id + ")");
}
END_TEST

START_TEST(cleared_entries_stay_cleared) {
  Fixture f;
  const auto held = f.take();
  const auto waiting = f.take();
  f.attempt("a", waiting, 0);
  f.later("a", waiting, 1, 0);
  f.redis.ask({"XTRIM", "s", "MAXLEN", "0"});
  f.redis.ask({"XACK", "s", "g", held, waiting});
  EXPECT_EQ(f.attempt("a", held, 0), "gone");
  EXPECT_EQ(f.later("a", held, 1, 0), "0");
  EXPECT_EQ(f.dead("a", held, "x"), "");
  EXPECT_EQ(f.due("a"), "(ok -1 () ())");  // and the record that was left goes
  EXPECT_EQ(f.records(), "()");
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "0");
}
END_TEST

START_TEST(deleted_bodies_are_acknowledged) {
  Fixture f;
  const auto held = f.take();
  const auto waiting = f.take();
  const auto left = f.take("b");
  const auto dying = f.take();
  f.attempt("a", waiting, 0);
  f.later("a", waiting, 1, 0);
  f.redis.ask({"XDEL", "s", held, waiting, left, dying});
  EXPECT_EQ(f.attempt("a", held, 0), "trimmed");
  EXPECT_EQ(f.due("a"), "(ok -1 () (" + waiting + "))");
  EXPECT_EQ(f.dead("a", dying, "x"), "trimmed");
  f.redis.ask({"DEL", Fixture::lease_key("b")});
  EXPECT_EQ(f.reclaim("a", "b"), "(ok  () (" + left + "))");
  EXPECT_EQ(f.redis.ask({"XPENDING", "s", "g"}), "(0 nil nil nil)");
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "0");
}
END_TEST

START_TEST(due_is_bounded_and_cleans_up) {
  Fixture f;
  std::vector<std::string> ids;
  ids.reserve(5);
  for (int i = 0; i < 5; ++i) {
    ids.push_back(f.take());
    f.later("a", ids.back(), i, 0);
  }
  f.redis.ask({"ZADD", kDue, "0", "garbage", "1", "x:1-1", "2", "3:9-9"});
  EXPECT_EQ(f.due("a", 0), "(ok 0 () ())");
  EXPECT_EQ(f.due("a", 4), "(ok 0 ((" + ids[0] + " 0 (message hello))) ())");
  EXPECT_EQ(f.due("a", 2),
            "(ok 0 ((" + ids[1] + " 1 (message hello)) (" + ids[2] + " 2 (message hello))) ())");
  EXPECT(f.due("a", 100).starts_with("(ok -1 ("));
  EXPECT_EQ(f.records(), "()");
}
END_TEST

START_TEST(the_dead_are_inherited) {
  Fixture f;
  const auto fresh = f.take("b");
  const auto begun = f.take("b");
  const auto waiting = f.take("b");
  f.attempt("b", begun, 6);
  f.attempt("b", waiting, 1);
  f.later("b", waiting, 2, 60'000);
  EXPECT_EQ(f.reclaim("a", "b"), "(held)");
  f.redis.ask({"DEL", Fixture::lease_key("b")});
  EXPECT_EQ(f.reclaim("a", "b", "-", 10, 60'000), "(ok  () ())");  // not idle for long enough
  EXPECT_EQ(f.reclaim("a", "b"),
            "(ok  ((" + fresh + " 0 (message hello)) (" + begun + " 7 (message hello))) ())");
  EXPECT_EQ(f.pending(fresh), "a 1");
  EXPECT_EQ(f.pending(begun), "a 8");
  EXPECT_EQ(f.pending(waiting), "a 3");  // changed hands, waits on
  EXPECT_EQ(f.records(), "(2:" + waiting + ")");
  EXPECT_EQ(f.reclaim("a", "b"), "(ok  () ())");
}
END_TEST

START_TEST(own_pending_comes_in_pages) {
  Fixture f;
  std::vector<std::string> ids;
  ids.reserve(5);
  for (int i = 0; i < 5; ++i) {
    ids.push_back(f.take());
  }
  f.later("a", ids[1], 1, 60'000);
  const auto entry = [&ids](int i) { return "(" + ids[i] + " 0 (message hello))"; };
  EXPECT_EQ(f.reclaim("a", "a", "-", 2), "(ok (" + ids[1] + " (" + entry(0) + ") ())");
  EXPECT_EQ(f.reclaim("a", "a", "(" + ids[1], 2),
            "(ok (" + ids[3] + " (" + entry(2) + " " + entry(3) + ") ())");
  EXPECT_EQ(f.reclaim("a", "a", "(" + ids[3], 2), "(ok  (" + entry(4) + ") ())");
}
END_TEST

START_TEST(the_group_begins_again_at_its_mark) {
  Fixture f;
  const auto ensure = [&f] { return f.redis.ask(scripts::group, {"s", kMark, kDue}, {"g"}); };
  const auto mark = [&f] { return f.redis.ask(scripts::mark, {"s", kMark}, {"g"}); };
  EXPECT_EQ(ensure(), "(0 )");
  EXPECT_EQ(mark(), "0-0");
  f.redis.ask({"XADD", "s", "5-0", "message", "x"});
  f.redis.ask({"XADD", "s", "5-3", "message", "x"});
  f.redis.ask({"XADD", "s", "7-0", "message", "x"});
  f.redis.ask({"XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">"});
  EXPECT_EQ(mark(), "4-18446744073709551615");
  f.redis.ask({"XACK", "s", "g", "5-0"});
  EXPECT_EQ(mark(), "5-2");
  f.redis.ask({"XACK", "s", "g", "5-3", "7-0"});
  EXPECT_EQ(mark(), "7-0");
  f.redis.ask({"XADD", "s", "7-1", "message", "x"});
  f.redis.ask({"ZADD", kDue, "0", "1:7-1"});
  f.redis.ask({"XGROUP", "DESTROY", "s", "g"});
  EXPECT(mark().starts_with("-NOGROUP"));
  EXPECT_EQ(ensure(), "(2 7-0)");
  EXPECT_EQ(f.redis.ask({"XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">"}),
            "((s ((7-1 (message x)))))");
  EXPECT_EQ(f.records(), "()");
  // Another stream of that name, which ends before the mark: from its beginning.
  f.redis.ask({"DEL", "s"});
  f.redis.ask({"XADD", "s", "6-9", "message", "x"});
  EXPECT_EQ(ensure(), "(2 0-0)");
  f.redis.ask({"FLUSHALL"});
  EXPECT_EQ(ensure(), "(1 0-0)");
  f.redis.ask({"FLUSHALL"});
  f.redis.ask({"SET", "s", "no stream"});
  EXPECT(ensure().starts_with("-WRONGTYPE"));
}
END_TEST

START_TEST(marks_of_large_ids) {
  const struct {
    const char* id;
    const char* mark;
  } rows[] = {
      {"18446744073709551615-18446744073709551615", "18446744073709551615-18446744073709551614"},
      {"18446744073709551615-0", "18446744073709551614-18446744073709551615"},
      {"1000-0", "999-18446744073709551615"},
      {"1-10000000000000000000", "1-9999999999999999999"},
      {"1-1", "1-0"},
      {"0-1", "0-0"},
  };
  for (const auto& row : rows) {
    Fixture f;
    f.redis.ask({"XADD", "s", row.id, "message", "x"});
    f.redis.ask({"XREADGROUP", "GROUP", "g", "a", "STREAMS", "s", ">"});
    EXPECT_EQ_ROW(row.id, f.redis.ask(scripts::mark, {"s", kMark}, {"g"}), row.mark);
    f.redis.ask({"XGROUP", "DESTROY", "s", "g"});
    EXPECT_EQ_ROW(row.id, f.redis.ask(scripts::group, {"s", kMark, kDue}, {"g"}),
                  std::string("(2 ") + row.mark + ")");
  }
}
END_TEST

START_TEST(consumers_are_forgotten_with_care) {
  Fixture f;
  f.take("b");
  const auto forget = [&f](const std::string& name, const char* idle) {
    return f.redis.ask(scripts::forget, {"s", Fixture::lease_key(name)}, {"g", name, idle});
  };
  f.redis.ask({"XGROUP", "CREATECONSUMER", "s", "g", "a"});
  EXPECT_EQ(forget("a", "0"), "0");  // leased
  f.redis.ask({"DEL", Fixture::lease_key("a"), Fixture::lease_key("b")});
  EXPECT_EQ(forget("a", "60000"), "0");  // not idle for long enough
  EXPECT_EQ(forget("b", "0"), "0");      // has something pending
  EXPECT_EQ(forget("a", "0"), "1");
  EXPECT_EQ(forget("a", "0"), "0");
}
END_TEST

START_TEST(the_budget_is_a_bucket) {
  Fixture f;
  const std::string key = "notify:budget:{x}";
  const auto take = [&](const char* rate) {
    return std::stol(f.redis.ask(scripts::budget, {key}, {"take", "3", rate}));
  };
  EXPECT_EQ(take("2"), 0);
  EXPECT_EQ(take("2"), 0);
  EXPECT_EQ(take("2"), 0);
  const auto wait = take("2");
  EXPECT(wait > 300 && wait <= 500);
  usleep(static_cast<useconds_t>(wait) * 1000 + 2000);
  EXPECT_EQ(take("2"), 0);
  EXPECT(take("2") > 0);
  const auto ttl = std::stol(f.redis.ask({"PTTL", key}));
  EXPECT(ttl > 1500 && ttl <= 2500 + 500);
}
END_TEST

START_TEST(the_budget_can_be_held) {
  Fixture f;
  const std::string key = "notify:budget:{x}";
  const auto take = [&] {
    return std::stol(f.redis.ask(scripts::budget, {key}, {"take", "3", "1000"}));
  };
  const auto hold = [&](const char* ms) {
    return std::stol(f.redis.ask(scripts::budget, {key}, {"hold", ms}));
  };
  EXPECT_EQ(take(), 0);
  EXPECT(hold("300") >= 299);
  EXPECT(hold("10") > 200);  // a shorter one does not end it
  const auto wait = take();
  EXPECT(wait > 200 && wait <= 300);
  usleep(static_cast<useconds_t>(wait) * 1000);
  EXPECT_EQ(take(), 0);
  hold("86400000");
  EXPECT(std::stol(f.redis.ask({"PTTL", key})) > 86'400'000);
}
END_TEST

START_TEST(dead_letters_are_driven_again) {
  Fixture f;
  const auto redrive = [&f](const std::string& letter) {
    return f.redis.ask(scripts::redrive, {"s", kDead, kDue}, {letter, ""});
  };
  const auto id = f.take();
  const auto first = f.dead("a", id, "x");
  EXPECT_EQ(redrive(first), "(pending " + id + ")");
  EXPECT_EQ(redrive(first), "(none)");
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "0");
  EXPECT_EQ(f.due("b"), "(ok -1 ((" + id + " 0 (message hello))) ())");
  EXPECT_EQ(f.pending(id), "b 1");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "1");
  // Its entry is gone: the fields come back as a new one.
  const auto second = f.dead("b", id, "y");
  f.redis.ask({"XDEL", "s", id});
  const auto answer = redrive(second);
  EXPECT(answer.starts_with("(added "));
  EXPECT(f.redis.ask({"XRANGE", "s", "-", "+"}).ends_with(" (message hello)))"));
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "0");
  // What is no dead letter, and a group that is not there.
  const auto other = f.redis.ask({"XADD", kDead, "*", "a", "b"});
  EXPECT_EQ(redrive(other), "-ERR not a dead letter");
  const auto third = f.dead("a", f.take(), "z");
  f.redis.ask({"XGROUP", "DESTROY", "s", "g"});
  EXPECT(redrive(third).starts_with("-NOGROUP"));
  EXPECT_EQ(f.redis.ask({"XLEN", kDead}), "2");
  EXPECT_EQ(f.records(), "()");
}
END_TEST

// The time that begins the answer is left out.
START_TEST(what_is_gone_is_found_within_a_budget) {
  Fixture f;
  f.redis.ask({"DEL", "s"});
  for (const char* id : {"1-1", "2-1", "4-1"}) {
    f.redis.ask({"XADD", "s", id, "message", "hello"});
  }
  const auto gone = [&f](const std::string& key, const std::vector<std::string>& arguments) {
    const auto answer = f.redis.ask(scripts::catalog_gone, {key}, arguments);
    return answer.substr(answer.find(' '));
  };
  // How many were looked at, then the places of those that are gone.
  const std::vector<std::string> ids = {"1-1", "1-2", "2-1", "3-1", "4-1", "5-1"};
  const auto within = [&ids](const char* bytes) {
    std::vector<std::string> arguments{bytes};
    arguments.insert(arguments.end(), ids.begin(), ids.end());
    return arguments;
  };
  EXPECT_EQ(gone("s", within("1000")), " 6 2 4 6)");
  EXPECT_EQ(gone("s", within("36")), " 6 2 4 6)");
  EXPECT_EQ(gone("s", within("35")), " 5 2 4)");
  EXPECT_EQ(gone("s", within("0")), " 1)");
  EXPECT_EQ(gone("nothing", within("0")), " 6 1 2 3 4 5 6)");
  f.redis.ask({"SET", "text", "x"});
  EXPECT_EQ(gone("text", {"0", "1-1"}), " 1 1)");
}
END_TEST

START_TEST(a_full_redis_loses_nothing) {
  Fixture f;
  const auto id = f.take();
  f.attempt("a", id, 0);
  f.redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT(f.later("a", id, 1, 1000).find("OOM") != std::string::npos);
  EXPECT(f.dead("a", id, "x").find("OOM") != std::string::npos);
  EXPECT_EQ(f.pending(id), "a 2");
  EXPECT_EQ(f.done(id), "1");
  f.redis.ask({"CONFIG", "SET", "maxmemory", "0"});
}
END_TEST

}  // namespace

LIVE_REDIS_MAIN("worker scripts", names_belong_to_tokens, done_is_safe_to_repeat,
                done_removes_the_due_record, later_waits_by_the_clock_of_redis,
                later_is_safe_to_repeat, dead_letters_keep_everything,
                dead_letter_of_very_many_fields, nobody_settles_for_others,
                cleared_entries_stay_cleared, deleted_bodies_are_acknowledged,
                due_is_bounded_and_cleans_up, the_dead_are_inherited, own_pending_comes_in_pages,
                the_group_begins_again_at_its_mark, marks_of_large_ids,
                consumers_are_forgotten_with_care, the_budget_is_a_bucket, the_budget_can_be_held,
                dead_letters_are_driven_again, what_is_gone_is_found_within_a_budget,
                a_full_redis_loses_nothing)
