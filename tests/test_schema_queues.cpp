#include "shared/redis/schema_queues.hpp"

#include <random>

#include "shared/redis/schema.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::redis;

namespace {

START_TEST(keys_of_groups) {
  EXPECT_EQ(group_key("s", kLeasesKind, "g"), "notify:{s}:consumers:g");
  EXPECT_EQ(group_key("a{t}b", kMarkKind, "my-group_1.x"), "notify:{t}:a{t}b:mark:my-group_1.x");
  // The worker's marks stand under the same key.
  EXPECT_EQ(group_key("prod_stream", kMarkKind, "prod_stream_group"),
            side_key("prod_stream", "mark:prod_stream_group"));
  EXPECT_EQ(control_channel("s", "g", 0), "notify:{s}:queue:g");
  EXPECT_EQ(control_channel("s", "g", 2), "notify:{s}:queue:g@2");
  EXPECT_EQ(group_due_key("s", "g"), "notify:{s}:due:g");
  EXPECT_EQ(inflight_key({5, 7}), "notify:{inflight}:5-7");
  // Anything else is hashed: no colon in it, and none that another one has.
  for (const std::string& group :
       {std::string(), std::string("a:b"), std::string("a b"), std::string("~x"),
        std::string("\xc3\xa9"), std::string(65, 'x'), std::string("a\0b", 3)}) {
    const std::string key = group_key("s", "mark", group);
    EXPECT_ROW(group, key.starts_with("notify:{s}:mark:~"));
    EXPECT_EQ_ROW(group, key.size(), std::string_view("notify:{s}:mark:~").size() + 64);
  }
  EXPECT_EQ(group_key("s", "mark", std::string(64, 'x')).size(), 16U + 64U);
  // These would be the same key without it.
  EXPECT(group_key("{t}x:mark:y", "consumers", "g") != group_key("{t}x", "mark", "y:consumers:g"));
}
END_TEST

START_TEST(pairs) {
  for (const auto& [stream, group] : std::vector<std::pair<std::string, std::string>>{
           {"s", "g"}, {"", ""}, {"1:a", ":"}, {std::string("\0\n", 2), "3:abc"}}) {
    const auto parsed = parse_queue_pair(queue_pair(stream, group));
    EXPECT_ROW(stream, parsed.has_value());
    EXPECT_EQ_ROW(stream, parsed->first, stream);
    EXPECT_EQ_ROW(stream, parsed->second, group);
  }
  EXPECT_EQ(queue_pair("orders", "g"), "6:orders1:g");
  for (const char* text : {"", "1", "1:", "1:a", "1:a1:", "1:a1:bc", "2:a1:b", "01:a1:b", "-1:a1:b",
                           "1:a 1:b", "99999999999999999999:a1:b", "18446744073709551615:a1:b"}) {
    EXPECT_ROW(text, !parse_queue_pair(text));
  }
}
END_TEST

START_TEST(settings) {
  EXPECT_EQ(format_queue_settings({300'000, 16}), "300000 16");
  EXPECT(parse_queue_settings("300000 16") == (QueueSettings{300'000, 16}));
  for (const char* text : {"", " ", "1", "1 ", " 1", "1 2 3", "1  2", "-1 2", "1 x"}) {
    EXPECT_ROW(text, !parse_queue_settings(text));
  }
}
END_TEST

START_TEST(control_messages) {
  auto message = parse_control("done 1-0 18446744073709551615-2");
  EXPECT(message && message->kind == Control::Kind::kDone && message->ids.size() == 2);
  EXPECT(message->ids[0] == (EntryId{1, 0}));
  message = parse_control("moved abc 1-0");
  EXPECT(message && message->kind == Control::Kind::kMoved && message->ids.size() == 1);
  EXPECT_EQ(message->token, "abc");
  message = parse_control("lacks abc 1-0");
  EXPECT(message && message->kind == Control::Kind::kLacks && message->token == "abc");
  message = parse_control("absent 1-0 2-0");
  EXPECT(message && message->kind == Control::Kind::kAbsent && message->ids.size() == 2);
  message = parse_control("limit 0");
  EXPECT(message && message->kind == Control::Kind::kLimit && message->limit == 0);
  message = parse_control(kReclaimMessage);
  EXPECT(message && message->kind == Control::Kind::kReclaim);
  for (const std::string& text :
       {std::string(), std::string("done"), std::string("done 1"), std::string("done  1-0"),
        std::string("Done 1-0"), std::string("moved 1-0"), std::string("limit -1"),
        std::string("limit 1 "), std::string("reclaim\0", 8), std::string("done 1-0\n")}) {
    EXPECT_ROW(text, !parse_control(text));
  }
}
END_TEST

START_TEST(hostile_texts) {
  std::mt19937 random(11);
  std::size_t read = 0;
  for (int i = 0; i < 100'000; ++i) {
    std::string text = i % 2 == 0 ? "moved token 1-0 22-3" : "6:orders12:group-number";
    for (unsigned change = 0; change <= random() % 3 && !text.empty(); ++change) {
      const std::size_t place = random() % text.size();
      if (random() % 2 == 0) {
        text[place] = "0123456789:- dm\xff"[random() % 16];
      } else {
        text.erase(place, 1 + random() % 3);
      }
    }
    read += parse_control(text) ? 1 : 0;
    read += parse_queue_pair(text) ? 1 : 0;
    read += parse_queue_settings(text) ? 1 : 0;
  }
  EXPECT(read > 0);
}
END_TEST

}  // namespace

CHECK_MAIN("names of work queues", keys_of_groups, pairs, settings, control_messages, hostile_texts)
