// The scripts of inboxes on a real Redis.

#include "shared/redis/schema.hpp"
#include "tests/live_redis.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::LiveRedis;

namespace {

struct Fixture {
  std::string run(const Script& script, const std::vector<std::string>& arguments) {
    return redis.ask(script, {"s"}, arguments);
  }
  std::string page(const std::string& after, int count = 100, int bytes = 65536) {
    return run(scripts::inbox, {"g", "u", after, std::to_string(count), std::to_string(bytes)});
  }
  std::string acknowledge(std::vector<std::string> ids) {
    ids.insert(ids.begin(), {"g", "u", "m"});
    return run(scripts::acknowledge, ids);
  }
  void add(const std::string& id, const std::string& text) {
    redis.ask({"XADD", "s", id, "m", text});
  }
  std::string pending() { return redis.ask({"XPENDING", "s", "g", "-", "+", "100", "u"}); }

  LiveRedis redis;
};

START_TEST(an_inbox_begins_with_the_stream) {
  Fixture f;
  EXPECT_EQ(f.page("0-0"), "(0-0 0 0 0-0)");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "0");
  f.add("5-1", "a");
  f.add("5-2", "b");
  EXPECT_EQ(f.page("0-0"), "(5-2 0 0 5-2 (5-1 (m a)) (5-2 (m b)))");
}
END_TEST

START_TEST(a_page_is_cut_by_bytes) {
  Fixture f;
  f.add("1-0", std::string(40, 'a'));
  f.add("2-0", std::string(10, 'b'));
  f.add("3-0", "c");
  EXPECT_EQ(f.page("0-0", 100, 20), "(1-0 1 0 3-0 (1-0 (m " + std::string(40, 'a') + ")))");
  EXPECT_EQ(f.page("1-0", 100, 20), "(3-0 0 0 3-0 (2-0 (m bbbbbbbbbb)) (3-0 (m c)))");
  EXPECT_EQ(f.page("3-0", 100, 20), "(3-0 0 0 3-0)");
}
END_TEST

// What a page cannot hold is not read for it: an inbox of large entries would stop Redis.
START_TEST(large_entries_are_not_read_by_the_hundred) {
  Fixture f;
  const std::string large(1000, 'x');
  for (int i = 1; i <= 100; ++i) {
    f.add(std::to_string(i) + "-0", large);
  }
  EXPECT(f.page("0-0", 100, 500).starts_with("(1-0 1 0 100-0 (1-0 "));
  EXPECT(f.redis.ask({"XPENDING", "s", "g"}).starts_with("(1 "));
  EXPECT(f.page("1-0", 100, 2500).starts_with("(3-0 1 0 100-0 (2-0 "));
  EXPECT(f.redis.ask({"XPENDING", "s", "g"}).starts_with("(4 "));
  EXPECT(f.page("0-0", 100, 2500).starts_with("(2-0 1 0 100-0 (1-0 "));
  std::string after = "0-0";
  std::size_t entries = 0;
  for (int pages = 0; pages < 100; ++pages) {
    const std::string page = f.page(after, 100, 3500);
    after = page.substr(1, page.find(' ') - 1);
    for (auto at = page.find("(m "); at != page.npos; at = page.find("(m ", at + 1)) {
      ++entries;
    }
    if (page.substr(page.find(' ') + 1).starts_with("0 ")) {
      break;
    }
  }
  EXPECT_EQ(after, "100-0");
  EXPECT_EQ(entries, 100U);
}
END_TEST

START_TEST(what_is_not_acknowledged_comes_again) {
  Fixture f;
  f.add("1-0", "a");
  f.add("2-0", "b");
  f.add("3-0", "c");
  EXPECT_EQ(f.page("0-0"), "(3-0 0 0 3-0 (1-0 (m a)) (2-0 (m b)) (3-0 (m c)))");
  EXPECT_EQ(f.acknowledge({"2-0"}), "((1 b))");
  EXPECT_EQ(f.acknowledge({"2-0"}), "((0 b))");
  f.add("4-0", "d");
  EXPECT_EQ(f.page("0-0"), "(3-0 1 0 4-0 (1-0 (m a)) (3-0 (m c)))");
  EXPECT_EQ(f.page("3-0"), "(4-0 0 0 4-0 (4-0 (m d)))");
  EXPECT_EQ(f.page("4-0"), "(4-0 0 0 4-0)");
}
END_TEST

START_TEST(pages_hold_what_they_may) {
  Fixture f;
  for (int i = 1; i <= 5; ++i) {
    f.add(std::to_string(i) + "-0", "x");
  }
  EXPECT_EQ(f.page("0-0", 2), "(2-0 1 0 5-0 (1-0 (m x)) (2-0 (m x)))");
  EXPECT_EQ(f.page("2-0", 2), "(4-0 1 0 5-0 (3-0 (m x)) (4-0 (m x)))");
  EXPECT_EQ(f.page("4-0", 2), "(5-0 0 0 5-0 (5-0 (m x)))");
  EXPECT_EQ(f.page("5-0", 2), "(5-0 0 0 5-0)");
}
END_TEST

START_TEST(trimmed_entries_do_not_stay_pending) {
  Fixture f;
  for (int i = 1; i <= 4; ++i) {
    f.add(std::to_string(i) + "-0", "x");
  }
  f.page("0-0");
  f.redis.ask({"XDEL", "s", "2-0"});
  f.redis.ask({"XTRIM", "s", "MAXLEN", "2"});
  EXPECT_EQ(f.page("0-0", 2), "(2-0 1 2 4-0)");
  EXPECT_EQ(f.page("2-0", 2), "(4-0 1 0 4-0 (3-0 (m x)) (4-0 (m x)))");
  EXPECT(f.pending().starts_with("((3-0 u "));
  EXPECT_EQ(f.page("0-0", 4), "(4-0 1 0 4-0 (3-0 (m x)) (4-0 (m x)))");
}
END_TEST

START_TEST(nobody_has_to_connect_before_it_is_acknowledged) {
  Fixture f;
  EXPECT_EQ(f.acknowledge({"1-0"}), "((0 ))");
  EXPECT_EQ(f.redis.ask({"EXISTS", "s"}), "0");
  for (int i = 1; i <= 250; ++i) {
    f.add(std::to_string(i) + "-0", "x");
  }
  EXPECT_EQ(f.acknowledge({"120-0", "120-0", "3-0", "9999-0"}), "((1 x) (0 x) (1 x) (0 ))");
  EXPECT_EQ(f.acknowledge({"250-0", "3-0"}), "((1 x) (0 x))");
  EXPECT(f.page("0-0", 300).starts_with("(249-0 1 0 250-0 (1-0 (m x)) (2-0 (m x)) (4-0 "));
}
END_TEST

START_TEST(another_consumers_entries_are_his) {
  Fixture f;
  f.add("1-0", "x");
  f.redis.ask({"XGROUP", "CREATE", "s", "g", "0"});
  f.redis.ask({"XREADGROUP", "GROUP", "g", "other", "STREAMS", "s", ">"});
  EXPECT_EQ(f.acknowledge({"1-0"}), "((0 x))");
  EXPECT_EQ(f.page("0-0"), "(0-0 0 0 1-0)");
}
END_TEST

START_TEST(errors_of_redis_are_passed_on) {
  Fixture f;
  f.redis.ask({"SET", "s", "text"});
  EXPECT(f.page("0-0").find("WRONGTYPE") != std::string::npos);
  EXPECT(f.acknowledge({"1-0"}).find("WRONGTYPE") != std::string::npos);
  EXPECT_EQ(f.acknowledge({}), "()");
  f.redis.ask({"DEL", "s"});
  f.add("1-0", "x");
  f.page("0-0");
  EXPECT_EQ(f.acknowledge({"nonsense", "1-99999999999999999999"}), "((0 ) (0 ))");
}
END_TEST

}  // namespace

LIVE_REDIS_MAIN("inbox scripts", an_inbox_begins_with_the_stream,
                what_is_not_acknowledged_comes_again, pages_hold_what_they_may,
                trimmed_entries_do_not_stay_pending,
                nobody_has_to_connect_before_it_is_acknowledged, another_consumers_entries_are_his,
                a_page_is_cut_by_bytes, large_entries_are_not_read_by_the_hundred,
                errors_of_redis_are_passed_on)
