#include "shared/redis/reply_limits.hpp"

#include <hiredis/hiredis.h>

#include <memory>
#include <string>

#include "tests/check_main.hpp"

using namespace notify::redis;

namespace {

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

struct Fixture {
  // In pieces of this size. False: it was refused.
  bool take(std::string_view bytes, std::size_t piece) {
    while (!bytes.empty()) {
      const std::string_view part = bytes.substr(0, piece);
      bytes.remove_prefix(part.size());
      if (redisReaderFeed(reader.get(), part.data(), part.size()) != REDIS_OK) {
        return false;
      }
      void* raw = nullptr;
      do {
        raw = nullptr;
        if (redisReaderGetReply(reader.get(), &raw) != REDIS_OK) {
          return false;
        }
        if (raw != nullptr) {
          ++replies;
          limits.next();
          freeReplyObject(raw);
        }
      } while (raw != nullptr);
      if (!limits.within()) {
        return false;
      }
    }
    return true;
  }

  std::unique_ptr<redisReader, FreeReader> reader{redisReaderCreate()};
  ReplyLimits limits{*reader};
  int replies = 0;
};

std::string bulk(std::size_t size) {
  return "$" + std::to_string(size) + "\r\n" + std::string(size, 'x') + "\r\n";
}

START_TEST(what_redis_says_passes) {
  const std::string rows[] = {
      "+OK\r\n",
      "-ERR " + std::string(60'000, 'x') + "\r\n",
      ":1\r\n",
      "$-1\r\n",
      "*-1\r\n",
      "*0\r\n",
      bulk(0),
      bulk(5'000'000),
      "*2\r\n*2\r\n" + bulk(3) + bulk(200'000) + ":7\r\n",
      "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
  };
  for (const std::string& row : rows) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{16'384}}) {
      if (piece == 1 && row.size() > 300'000) {
        continue;
      }
      Fixture f;
      EXPECT(f.take(row + row, piece));
      EXPECT_EQ(f.replies, 2);
      EXPECT_EQ(f.limits.broken(), "");
    }
  }
  Fixture many;  // each reply has the limits for itself
  std::string list = "*1048576\r\n";
  for (std::size_t i = 0; i < ReplyLimits::kElements; ++i) {
    list += ":1\r\n";
  }
  EXPECT(many.take(list, 16'384));
  EXPECT(many.take(list, 16'384));
  EXPECT_EQ(many.replies, 2);
}
END_TEST

START_TEST(what_is_too_much_is_refused_before_it_costs_anything) {
  struct Row {
    std::string text;
    std::string_view limit;
  };
  std::string nested;
  for (int i = 0; i < 6; ++i) {
    nested += "*1000000\r\n";
  }
  std::string beside = "*1000000\r\n";
  for (int i = 0; i < 6; ++i) {
    beside += "*1000000\r\n";
  }
  const Row rows[] = {
      {"*1440370955\r\n", "a reply of more than 1,048,576 elements"},
      {"*1048577\r\n", "a reply of more than 1,048,576 elements"},
      {nested, "a reply of more than 1,048,576 elements"},
      {beside, "a reply of more than 1,048,576 elements"},
      {"*2\r\n:1\r\n*1048575\r\n", "a reply of more than 1,048,576 elements"},
      {"+" + std::string(70'000, 'x'), "a line of more than 64 kB"},
      {"-" + std::string(70'000, 'x'), "a line of more than 64 kB"},
      {":" + std::string(70'000, '1'), "a line of more than 64 kB"},
      {"*" + std::string(70'000, '1'), "a line of more than 64 kB"},
      {"$" + std::string(70'000, '1'), "a line of more than 64 kB"},
      {"$999999999999\r\n" + std::string(ReplyLimits::kBytes + 1, 'x'),
       "a reply of more than 128 MB"},
  };
  for (const Row& row : rows) {
    Fixture f;
    EXPECT(!f.take(row.text, 16'384));
    EXPECT_EQ(f.limits.broken(), row.limit);
    EXPECT_EQ(f.replies, 0);
  }
  Fixture sum;  // no text is too large, but all of them together
  std::string text = "*64\r\n";
  for (int i = 0; i < 33; ++i) {
    text += bulk(std::size_t{4} << 20);
  }
  EXPECT(!sum.take(text, 1 << 20));
  EXPECT_EQ(sum.limits.broken(), "a reply of more than 128 MB");
}
END_TEST

}  // namespace

CHECK_MAIN("reply_limits", what_redis_says_passes,
           what_is_too_much_is_refused_before_it_costs_anything)
