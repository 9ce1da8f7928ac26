// Ids that no entry of another stream has, on a real Redis.

#include <algorithm>
#include <set>

#include "shared/redis/schema.hpp"
#include "tests/live_redis.hpp"
#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::redis;
using notify::test::LiveRedis;

namespace {

constexpr const char* kDigits = "123456";

std::vector<std::string> call(const Script& script, const std::string& stream,
                              std::vector<std::string> arguments) {
  std::vector<std::string> command = {"EVALSHA", std::string(script.sha1), "1", stream};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

struct Fixture {
  Fixture() {
    for (const Script* script : {&scripts::publish, &scripts::publish_batch}) {
      redis.ask({"SCRIPT", "LOAD", std::string(script->source)});
    }
  }

  std::vector<std::string> publish_call(const std::string& stream, const std::string& digits) {
    return call(scripts::publish, stream,
                {"0", "0", "bell", "65536", "0", "", "0", "", "0", digits, "message", "hello"});
  }
  EntryId publish(const std::string& stream, const std::string& digits = kDigits) {
    const auto answer = redis.raw(publish_call(stream, digits));
    return parse_entry_id(Reply(answer.get())[0].text()).value_or(EntryId{});
  }
  // The ids of a batch of `count`.
  std::vector<EntryId> batch(const std::string& stream, int count) {
    std::vector<std::string> arguments = {"0", "0", "bell", "65536", "100", "0",   "",
                                          "0", "",  "0",    kDigits, "1",   "data"};
    for (int i = 0; i < count; ++i) {
      arguments.push_back(std::to_string(i));
    }
    const auto answer = redis.raw(call(scripts::publish_batch, stream, arguments));
    const std::string last(Reply(answer.get())[1].text());
    const auto entries =
        redis.raw({"XREVRANGE", stream, last, "-", "COUNT", std::to_string(count)});
    const Reply found(entries.get());
    std::vector<EntryId> ids;
    for (std::size_t i = found.size(); i > 0; --i) {
      ids.push_back(parse_entry_id(found[i - 1][0].text()).value_or(EntryId{}));
    }
    return ids;
  }

  LiveRedis redis;
};

START_TEST(streams_share_no_id) {
  Fixture f;
  constexpr int kStreams = 1'000;
  constexpr int kEach = 20;
  for (int i = 0; i < kStreams * kEach; ++i) {
    const auto words = f.publish_call("s" + std::to_string(i % kStreams), kDigits);
    std::vector<const char*> argv;
    for (const std::string& word : words) {
      argv.push_back(word.c_str());
    }
    redisAppendCommandArgv(f.redis.context(), static_cast<int>(argv.size()), argv.data(), nullptr);
  }
  std::set<EntryId> ids;
  std::set<std::uint64_t> times;
  for (int i = 0; i < kStreams * kEach; ++i) {
    void* raw = nullptr;
    redisGetReply(f.redis.context(), &raw);
    const LiveRedis::Answer answer(static_cast<redisReply*>(raw));
    const EntryId id = parse_entry_id(Reply(answer.get())[0].text()).value_or(EntryId{});
    ids.insert(id);
    times.insert(id.ms);
    EXPECT_EQ(format_event_id(id).size(), 13U + 1 + 8);
    EXPECT(parse_event_id(format_event_id(id)) == id);
  }
  EXPECT_EQ(ids.size(), std::size_t{kStreams} * kEach);
  EXPECT(times.size() < ids.size() / 2);  // or it would show nothing
}
END_TEST

START_TEST(ids_rise_and_bear_the_time) {
  Fixture f;
  EntryId last;
  for (int i = 0; i < 1'000; ++i) {
    const EntryId id = f.publish("s", i % 2 == 0 ? "999999" : "000000");
    EXPECT(id > last);
    last = id;
    if (i % 10 == 0) {
      const std::string native = f.redis.ask({"XADD", "s", "*", "a", "b"});
      EXPECT(parse_entry_id(native).value_or(EntryId{}) > last);
      last = *parse_entry_id(native);
    }
  }
  const auto now = f.redis.raw({"TIME"});
  const std::uint64_t seconds = std::stoull(std::string(Reply(now.get())[0].text()));
  EXPECT(last.ms / 1000 <= seconds && last.ms / 1000 + 5 >= seconds);
  EXPECT(last.seq >= 1'000'000'000 && last.seq < 2'000'000'000);
}
END_TEST

START_TEST(redis_decides_where_the_stream_is_ahead) {
  Fixture f;
  f.redis.ask({"XADD", "s", "9999999999999-7", "a", "b"});
  EXPECT_EQ(format_entry_id(f.publish("s")), "9999999999999-8");
  EXPECT_EQ(format_entry_id(f.batch("s", 3)[2]), "9999999999999-11");
  // Also where the last one stands there no more.
  f.redis.ask({"XTRIM", "s", "MAXLEN", "0"});
  EXPECT_EQ(format_entry_id(f.publish("s")), "9999999999999-12");
  f.redis.ask({"XADD", "full", "18446744073709551615-18446744073709551615", "a", "b"});
  EXPECT(f.redis.ask(f.publish_call("full", kDigits)).starts_with("-"));
  EXPECT_EQ(f.redis.ask({"XLEN", "full"}), "1");
}
END_TEST

START_TEST(without_digits_an_id_is_redis_own) {
  Fixture f;
  EXPECT_EQ(f.publish("s", "").seq, 0U);
}
END_TEST

START_TEST(ids_of_a_batch_follow_upon_each_other) {
  Fixture f;
  const auto ids = f.batch("s", 1'000);
  EXPECT_EQ(ids.size(), 1'000U);
  for (std::size_t i = 1; i < ids.size(); ++i) {
    EXPECT(ids[i].ms == ids[0].ms && ids[i].seq == ids[0].seq + i);
  }
  EXPECT(f.publish("s") > ids.back());
}
END_TEST

START_TEST(digits_are_six) {
  EXPECT_EQ(id_digits(0), "000000");
  EXPECT_EQ(id_digits(7), "000007");
  EXPECT_EQ(id_digits(999'999), "999999");
  EXPECT_EQ(id_digits(4'294'967'295), "967295");
}
END_TEST

}  // namespace

LIVE_REDIS_MAIN("entry ids", streams_share_no_id, ids_rise_and_bear_the_time,
                redis_decides_where_the_stream_is_ahead, without_digits_an_id_is_redis_own,
                ids_of_a_batch_follow_upon_each_other, digits_are_six)
