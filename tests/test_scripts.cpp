// publish, read, status and clear on a real Redis.

#include <optional>

#include "shared/redis/page.hpp"
#include "shared/redis/schema.hpp"
#include "tests/live_redis.hpp"
#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::LiveRedis;

namespace {

struct Fixture {
  struct Publish {
    std::string stream = "s";
    int retain = 0;
    long age = 0;
    int inline_limit = 65536;
    std::string key;
    std::string digest;
    long replay = 0;
    std::string request;
    int keep = 0;
    std::string digits;
    std::vector<std::string> fields = {"message", "hello"};
  };
  LiveRedis::Answer publish(const Publish& p) {
    std::vector<std::string> keys = {p.stream};
    if (!p.key.empty()) {
      keys.push_back(idempotency_key(p.stream, p.key));
    }
    if (p.replay > 0) {
      keys.push_back(side_key(p.stream, "latest"));
    }
    if (p.keep > 0) {
      keys.push_back(requests_key(p.stream));
    }
    std::vector<std::string> arguments = {
        std::to_string(p.retain),      std::to_string(p.age),
        bell_channel(p.stream, 0),     std::to_string(p.inline_limit),
        p.key.empty() ? "0" : "60000", p.digest,
        std::to_string(p.replay),      p.request,
        std::to_string(p.keep),        p.digits};
    arguments.insert(arguments.end(), p.fields.begin(), p.fields.end());
    return redis.run(scripts::publish, keys, arguments);
  }
  EntryId publish_id(const Publish& p) {
    const auto answer = publish(p);
    return parse_entry_id(Reply(answer.get())[0].text()).value_or(EntryId{});
  }
  std::optional<Page> read(const std::string& after, int count, long budget = 1 << 20) {
    const auto answer =
        redis.run(scripts::read, {"s"}, {after, std::to_string(count), std::to_string(budget)});
    return parse_read(Reply(answer.get()));
  }

  LiveRedis redis;
};

START_TEST(hashes_match) {
  Fixture f;
  for (const Script* script :
       {&scripts::publish,     &scripts::read,   &scripts::status,        &scripts::clear,
        &scripts::audit,       &scripts::claim,  &scripts::consumers,     &scripts::finish,
        &scripts::inflight,    &scripts::join,   &scripts::leave,         &scripts::limit,
        &scripts::overdue,     &scripts::renew,  &scripts::sweep,         &scripts::take,
        &scripts::acknowledge, &scripts::inbox,  &scripts::publish_batch, &scripts::requests,
        &scripts::recall,      &scripts::requeue}) {
    EXPECT_EQ_ROW(script->name, f.redis.ask({"SCRIPT", "LOAD", std::string(script->source)}),
                  script->sha1);
  }
}
END_TEST

START_TEST(publish_rings_what_it_adds) {
  Fixture f;
  redisContext* listener = redisConnectUnix(f.redis.socket_path().c_str());
  freeReplyObject(redisCommand(listener, "SUBSCRIBE %s", bell_channel("s", 0).c_str()));
  const auto next_bell = [&] {
    void* raw = nullptr;
    redisGetReply(listener, &raw);
    const LiveRedis::Answer reply(static_cast<redisReply*>(raw));
    return parse_bell(Reply(reply.get())[2].text());
  };
  const std::string binary("\0\r\n\xff", 4);
  EntryId last;
  for (const auto& fields :
       std::vector<std::vector<std::string>>{{"a", "1"},
                                             {"a", "1", "b", binary},
                                             {"", ""},
                                             {"x", std::string(70'000, 'x')},
                                             {"x", std::string(65'535, 'x')},
                                             {"x", std::string(65'536, 'x')}}) {
    const EntryId id = f.publish_id({.fields = fields});
    EXPECT(id > last);
    const auto bell = next_bell();
    EXPECT(bell.has_value());
    EXPECT(bell->id == id);
    EXPECT(bell->prev == last);
    std::size_t size = 0;
    for (const std::string& field : fields) {
      size += field.size();
    }
    EXPECT_EQ(bell->entry.has_value(), size <= 65'536);
    if (bell->entry) {
      EXPECT_EQ(bell->entry->fields.size() * 2, fields.size());
      for (std::size_t i = 0; i < fields.size(); i += 2) {
        EXPECT_EQ(bell->entry->fields[i / 2].first, fields[i]);
        EXPECT_EQ(bell->entry->fields[i / 2].second, fields[i + 1]);
      }
    }
    last = id;
  }
  // A native client's entry rings nothing, but the next bell tells of it.
  const EntryId native = parse_entry_id(f.redis.ask({"XADD", "s", "*", "a", "b"})).value();
  f.publish_id({});
  EXPECT(next_bell()->prev == native);
  redisFree(listener);
}
END_TEST

START_TEST(publish_once_for_a_key) {
  Fixture f;
  const auto first = f.publish({.key = "k1"});
  const auto again = f.publish({.key = "k1", .fields = {"message", "another"}});
  const auto other = f.publish({.key = "k2"});
  EXPECT_EQ(Reply(first.get())[1].integer().value_or(9), 0);
  EXPECT_EQ(Reply(again.get())[1].integer().value_or(9), 1);
  EXPECT_EQ(Reply(again.get())[0].text(), Reply(first.get())[0].text());
  EXPECT_EQ(Reply(other.get())[1].integer().value_or(9), 0);
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "2");
  const std::string ttl = f.redis.ask({"PTTL", idempotency_key("s", "k1")});
  EXPECT(std::stol(ttl) > 50'000 && std::stol(ttl) <= 60'000);
}
END_TEST

START_TEST(publish_once_for_a_key_and_a_content) {
  Fixture f;
  const auto verdict = [&](const std::string& key, const std::string& digest) {
    const auto answer = f.publish({.key = key, .digest = digest});
    return Reply(answer.get())[1].integer().value_or(9);
  };
  EXPECT_EQ(verdict("k", "d1"), 0);
  EXPECT_EQ(verdict("k", "d1"), 1);
  EXPECT_EQ(verdict("k", "d2"), 2);
  EXPECT_EQ(verdict("k", ""), 1);  // who does not compare is told the id
  EXPECT_EQ(verdict("k2", ""), 0);
  EXPECT_EQ(verdict("k2", "d1"), 1);
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "2");
}
END_TEST

START_TEST(publish_notes_what_is_replayed) {
  Fixture f;
  f.publish_id({});
  EXPECT_EQ(f.redis.ask({"EXISTS", side_key("s", "latest")}), "0");
  const EntryId id = f.publish_id({.key = "k", .replay = 60'000});
  EXPECT_EQ(f.redis.ask({"GET", side_key("s", "latest")}), format_entry_id(id));
  const long ttl = std::stol(f.redis.ask({"PTTL", side_key("s", "latest")}));
  EXPECT(ttl > 50'000 && ttl <= 60'000);
}
END_TEST

START_TEST(a_repeat_tells_the_first_request) {
  Fixture f;
  const auto request = [&f](const std::string& key, const std::string& digest,
                            const std::string& id) {
    const auto answer = f.publish({.key = key, .digest = digest, .request = id});
    return std::string(Reply(answer.get())[2].text());
  };
  for (const char* digest : {"", "d1"}) {
    const std::string key = std::string("k") + digest;
    EXPECT_EQ(request(key, digest, "first"), "");
    EXPECT_EQ(request(key, digest, "second"), "first");
    EXPECT_EQ(request(key, digest, ""), "first");
    EXPECT_EQ(request(key, "d2", "third"), "first");
  }
  EXPECT_EQ(request("nobody", "d", ""), "");
  EXPECT_EQ(request("nobody", "d", "second"), "");
  // Keys of the time before requests had ids.
  f.redis.ask({"SET", idempotency_key("s", "old"), "1-0 d"});
  EXPECT_EQ(request("old", "d", "second"), "");
}
END_TEST

START_TEST(requests_are_kept_beside) {
  Fixture f;
  const auto requests = [&f](const std::vector<std::string>& ids) {
    const auto answer = f.redis.run(scripts::requests, {requests_key("s")}, ids);
    return LiveRedis::show(answer);
  };
  EXPECT_EQ(requests({"1-0"}), "()");
  const auto first = format_entry_id(f.publish_id({.request = "a", .keep = 100}));
  const auto foreign = f.redis.ask({"XADD", "s", "*", "message", "foreign"});
  // All three keys in their order.
  const auto second =
      format_entry_id(f.publish_id({.key = "k", .replay = 60'000, .request = "b", .keep = 100}));
  EXPECT_EQ(requests({first, foreign, second, "99999999999999-0"}), "(a  b )");
  EXPECT_EQ(f.redis.ask({"GET", side_key("s", "latest")}), second);
  EXPECT(std::stol(f.redis.ask({"PTTL", requests_key("s")})) > 600'000'000);
  // The stream was made anew with lower ids, or the key holds something else.
  f.redis.ask({"XADD", requests_key("s"), "99999999999999-0", "request", "x"});
  const auto third = format_entry_id(f.publish_id({.request = "c", .keep = 100}));
  EXPECT_EQ(requests({third}), "(c)");
  f.redis.ask({"SET", requests_key("s"), "x"});
  EXPECT_EQ(requests({third}), "()");
  const auto fourth = format_entry_id(f.publish_id({.request = "d", .keep = 100}));
  EXPECT_EQ(requests({fourth}), "(d)");
}
END_TEST

START_TEST(a_batch_is_one_request) {
  Fixture f;
  const auto batch = [&f](const std::string& request, int keep, int replay = 0) {
    std::vector<std::string> keys = {"s"};
    if (replay > 0) {
      keys.push_back(latest_key("s"));
    }
    if (keep > 0) {
      keys.push_back(requests_key("s"));
    }
    return f.redis.ask(scripts::publish_batch, keys,
                       {"0", "0", "bell", "65536", "100", "0", "", std::to_string(replay), request,
                        std::to_string(keep), "", "1", "data", "1", "2", "3"});
  };
  batch("", 0);
  batch("a", 100, 1000);
  batch("b", 100);
  const auto all = f.redis.ask({"EVAL",
                                "local ids = {} for i, e in ipairs(redis.call('XRANGE', 's', '-', "
                                "'+')) do ids[i] = e[1] end return table.concat(ids, ' ')",
                                "0"});
  std::vector<std::string> ids;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find(' ', at), all.size());
    ids.push_back(all.substr(at, end - at));
    at = end + 1;
  }
  const auto answer = f.redis.run(scripts::requests, {requests_key("s")}, ids);
  EXPECT_EQ(LiveRedis::show(answer), "(   a a a b b b)");
}
END_TEST

START_TEST(publish_retains) {
  Fixture f;
  f.redis.ask({"CONFIG", "SET", "stream-node-max-entries", "10"});
  for (int i = 0; i < 200; ++i) {
    f.publish_id({.retain = 50});
  }
  const long length = std::stol(f.redis.ask({"XLEN", "s"}));
  EXPECT(length >= 50 && length <= 60);
  EXPECT_EQ(f.redis.ask({"PTTL", "s"}), "-1");

  // By age: entries of long ago go, the key gets a time to live that each publish renews.
  f.redis.ask({"DEL", "s"});
  for (int i = 1; i <= 20; ++i) {
    f.redis.ask({"XADD", "s", std::to_string(i) + "-1", "a", "b"});
  }
  f.publish_id({.age = 100'000});
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "1");
  const long ttl = std::stol(f.redis.ask({"PTTL", "s"}));
  EXPECT(ttl > 90'000 && ttl <= 100'000);
  // With a group it does not expire; one that was about to no longer does.
  f.redis.ask({"XGROUP", "CREATE", "s", "g", "0"});
  f.publish_id({.age = 100'000});
  EXPECT_EQ(f.redis.ask({"PTTL", "s"}), "-1");
}
END_TEST

START_TEST(publish_into_something_else) {
  Fixture f;
  f.redis.ask({"SET", "s", "text"});
  const auto answer = f.publish({.key = "k"});
  EXPECT_EQ(Reply(answer.get()).error_code(), "WRONGTYPE");
  EXPECT_EQ(f.redis.ask({"EXISTS", idempotency_key("s", "k")}), "0");
}
END_TEST

START_TEST(publish_with_full_memory) {
  Fixture f;
  f.publish_id({});
  f.redis.ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  f.redis.ask({"CONFIG", "SET", "maxmemory", "1"});
  const auto answer = f.publish({.key = "k"});
  EXPECT_EQ(Reply(answer.get()).error_code(), "OOM");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "1");
}
END_TEST

START_TEST(publish_survives_a_narrow_acl) {
  Fixture f;
  f.redis.ask({"ACL", "SETUSER", "narrow", "on", "nopass", "~*", "+eval", "+xrevrange", "+xadd"});
  redisContext* narrow = redisConnectUnix(f.redis.socket_path().c_str());
  freeReplyObject(redisCommand(narrow, "AUTH narrow x"));
  const LiveRedis::Answer answer(static_cast<redisReply*>(
      redisCommand(narrow, "EVAL %s 3 s l r 0 1000000 bell 100 0 d 1000 id 10 123456 a b",
                   std::string(scripts::publish.source).c_str())));
  EXPECT_EQ(Reply(answer.get())[1].integer().value_or(9), 0);
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "1");
  redisFree(narrow);
}
END_TEST

START_TEST(read_pages) {
  Fixture f;
  EXPECT(f.read("0-0", 10) && !f.read("0-0", 10)->exists);
  std::vector<EntryId> ids;
  for (int i = 0; i < 25; ++i) {
    ids.push_back(f.publish_id({.fields = {"n", std::to_string(i)}}));
  }
  std::vector<EntryId> seen;
  std::string after = "0-0";
  for (int turn = 0; turn < 10; ++turn) {
    const auto page = f.read(after, 7);
    EXPECT(page && page->exists);
    EXPECT(page->first == ids.front());
    EXPECT(page->last_generated == ids.back());
    EXPECT_EQ(page->length, 25U);
    EXPECT(page->added == 25 || page->added == -1);
    for (const Entry& entry : page->entries) {
      seen.push_back(entry.id);
    }
    after = format_entry_id(seen.back());
    EXPECT_EQ(page->more, seen.size() < 25);
    if (!page->more) {
      break;
    }
  }
  EXPECT(seen == ids);

  struct Row {
    std::string after;
    int count;
    std::size_t entries;
    bool more;
  };
  const Row rows[] = {
      {"0-0", 0, 0, true},
      {format_entry_id(ids[24]), 0, 0, false},
      {format_entry_id(ids[23]), 0, 0, true},
      {format_entry_id(ids[24]), 10, 0, false},
      {format_entry_id(ids[23]), 1, 1, false},
      {format_entry_id(ids[22]), 1, 1, true},
      {"0-0", 25, 25, false},
      {"0-0", 24, 24, true},
      {"0-0", 8, 8, true},
      {"0-0", 100, 25, false},
      {"99999999999999-0", 10, 0, false},
      {"18446744073709551615-18446744073709551614", 10, 0, false},
      {"18446744073709551615-18446744073709551615", 10, 0, false},
      {"18446744073709551615-18446744073709551615", 0, 0, false},
  };
  for (const Row& row : rows) {
    const auto page = f.read(row.after, row.count);
    EXPECT_ROW(row.after, page.has_value());
    EXPECT_EQ_ROW(row.after, page->entries.size(), row.entries);
    EXPECT_EQ_ROW(row.after, page->more, row.more);
  }
  const auto wrong = f.redis.run(scripts::read, {"s"}, {"nonsense", "5", "100"});
  EXPECT(Reply(wrong.get()).is_error());
}
END_TEST

START_TEST(read_counts_bytes) {
  Fixture f;
  for (int i = 0; i < 20; ++i) {
    f.publish_id({.fields = {"x", std::string(999, 'x')}});  // 1,000 bytes
  }
  struct Row {
    long budget;
    std::size_t entries;
  };
  for (const Row row : {Row{0, 1}, Row{999, 1}, Row{1000, 1}, Row{1999, 1}, Row{2000, 2},
                        Row{8000, 8}, Row{8999, 8}, Row{12'345, 12}, Row{20'000, 20}}) {
    const auto page = f.read("0-0", 100, row.budget);
    EXPECT_EQ_ROW(row.budget, page->entries.size(), row.entries);
    EXPECT_EQ_ROW(row.budget, page->more, row.entries < 20);
  }
}
END_TEST

START_TEST(read_tells_what_is_gone) {
  Fixture f;
  std::vector<EntryId> ids;
  for (int i = 0; i < 10; ++i) {
    ids.push_back(f.publish_id({}));
  }
  f.redis.ask({"XTRIM", "s", "MAXLEN", "4"});
  auto page = f.read("0-0", 100);
  EXPECT(page->first == ids[6]);
  EXPECT_EQ(page->length, 4U);
  EXPECT(page->added == 10 || page->added == -1);
  f.redis.ask({"XTRIM", "s", "MAXLEN", "0"});
  page = f.read("0-0", 100);
  EXPECT(page->exists);
  EXPECT(page->first.is_zero());
  EXPECT(page->last_generated == ids[9]);
  EXPECT_EQ(page->entries.size(), 0U);
  EXPECT(!page->more);
  f.redis.ask({"SET", "s", "x"});
  const auto wrong = f.redis.run(scripts::read, {"s"}, {"0-0", "5", "100"});
  EXPECT_EQ(Reply(wrong.get()).error_code(), "WRONGTYPE");
}
END_TEST

START_TEST(status_counts) {
  Fixture f;
  EXPECT_EQ(f.redis.ask(scripts::status, {"s"}, {"g"}), "(0 0 0 nil nil)");
  f.redis.ask({"XADD", "s", "1-1", "a", "b"});
  EXPECT_EQ(f.redis.ask(scripts::status, {"s"}, {"g"}), "(1 1 0 (1-1 (a b)) (1-1 (a b)))");
  f.redis.ask({"XADD", "s", "2-1", "c", "d"});
  f.redis.ask({"XGROUP", "CREATE", "s", "g", "0"});
  f.redis.ask({"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "s", ">"});
  EXPECT_EQ(f.redis.ask(scripts::status, {"s"}, {"g"}), "(1 2 1 (1-1 (a b)) (2-1 (c d)))");
  EXPECT_EQ(f.redis.ask(scripts::status, {"s"}, {""}), "(1 2 0 (1-1 (a b)) (2-1 (c d)))");
  EXPECT_EQ(f.redis.ask(scripts::status, {"s"}, {"other"}), "(1 2 0 (1-1 (a b)) (2-1 (c d)))");
  f.redis.ask({"XTRIM", "s", "MAXLEN", "0"});
  EXPECT_EQ(f.redis.ask(scripts::status, {"s"}, {"g"}), "(1 0 1 nil nil)");
  f.redis.ask({"SET", "s", "x"});
  EXPECT(f.redis.ask(scripts::status, {"s"}, {"g"}).starts_with("-WRONGTYPE"));
}
END_TEST

START_TEST(clear_leaves_nothing_pending) {
  Fixture f;
  const std::string due = side_key("s", "due");
  f.redis.ask({"ZADD", due, "1", "1:1-1"});
  EXPECT_EQ(f.redis.ask(scripts::clear, {"s", due}, {}), "(0 0)");
  EXPECT_EQ(f.redis.ask({"EXISTS", due}), "0");
  for (int i = 0; i < 1234; ++i) {
    f.redis.ask({"XADD", "s", "*", "a", "b"});
  }
  for (const char* group : {"g", "h"}) {
    f.redis.ask({"XGROUP", "CREATE", "s", group, "0"});
    f.redis.ask({"XREADGROUP", "GROUP", group, "c", "COUNT", "1100", "STREAMS", "s", ">"});
  }
  f.redis.ask({"ZADD", due, "1", "1:1-1"});
  const std::string last = f.redis.ask({"XREVRANGE", "s", "+", "-", "COUNT", "1"});
  EXPECT_EQ(f.redis.ask(scripts::clear, {"s", due}, {}), "(1 1234)");
  EXPECT_EQ(f.redis.ask({"XLEN", "s"}), "0");
  EXPECT_EQ(f.redis.ask({"EXISTS", due}), "0");
  EXPECT(f.redis.ask({"XPENDING", "s", "g"}).starts_with("(0 "));
  EXPECT(f.redis.ask({"XPENDING", "s", "h"}).starts_with("(0 "));
  EXPECT(
      f.redis.ask({"XGROUP", "CREATE", "s", "g", "0"}).starts_with("-BUSYGROUP"));  // still there
  EXPECT(format_entry_id(f.read("0-0", 1)->last_generated).size() > 3);
  EXPECT_EQ(f.redis.ask(scripts::clear, {"s", due}, {}), "(1 0)");
  f.redis.ask({"SET", "s", "x"});
  EXPECT(f.redis.ask(scripts::clear, {"s", due}, {}).starts_with("-WRONGTYPE"));
}
END_TEST

}  // namespace

LIVE_REDIS_MAIN("scripts", hashes_match, publish_rings_what_it_adds, publish_once_for_a_key,
                publish_once_for_a_key_and_a_content, publish_notes_what_is_replayed,
                a_repeat_tells_the_first_request, requests_are_kept_beside, a_batch_is_one_request,
                publish_retains, publish_into_something_else, publish_with_full_memory,
                publish_survives_a_narrow_acl, read_pages, read_counts_bytes,
                read_tells_what_is_gone, status_counts, clear_leaves_nothing_pending)
