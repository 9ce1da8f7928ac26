#include "shared/redis/reply.hpp"

#include "tests/redis_fakes.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using notify::redis::Reply;
using notify::test::Parsed;

namespace {

START_TEST(each_view_answers_only_its_type) {
  struct Row {
    const char* bytes;
    bool nil, error, array;
    const char* text;
    const char* bulk;      // null: none
    std::int64_t integer;  // -99: none
    std::size_t size;
  };
  const Row rows[] = {
      {"$-1\r\n", true, false, false, "", nullptr, -99, 0},
      {"*-1\r\n", true, false, false, "", nullptr, -99, 0},
      {"+OK\r\n", false, false, false, "OK", "OK", -99, 0},
      {"-ERR no\r\n", false, true, false, "ERR no", nullptr, -99, 0},
      {"-12\r\n", false, true, false, "12", nullptr, -99, 0},
      {":12\r\n", false, false, false, "", nullptr, 12, 0},
      {":-3\r\n", false, false, false, "", nullptr, -3, 0},
      {"$2\r\n12\r\n", false, false, false, "12", "12", 12, 0},
      {"$3\r\n12x\r\n", false, false, false, "12x", "12x", -99, 0},
      {"$3\r\n 12\r\n", false, false, false, " 12", " 12", -99, 0},
      {"$0\r\n\r\n", false, false, false, "", "", -99, 0},
      {"$20\r\n99999999999999999999\r\n", false, false, false, "99999999999999999999",
       "99999999999999999999", -99, 0},
      {"*0\r\n", false, false, true, "", nullptr, -99, 0},
      {"*2\r\n:1\r\n$1\r\na\r\n", false, false, true, "", nullptr, -99, 2},
  };
  for (const Row& row : rows) {
    const Parsed parsed(row.bytes);
    const Reply reply = parsed.reply();
    EXPECT_EQ_ROW(row.bytes, reply.is_nil(), row.nil);
    EXPECT_EQ_ROW(row.bytes, reply.is_error(), row.error);
    EXPECT_EQ_ROW(row.bytes, reply.is_array(), row.array);
    EXPECT_EQ_ROW(row.bytes, reply.text(), row.text);
    EXPECT_EQ_ROW(row.bytes, reply.bulk().has_value(), row.bulk != nullptr);
    EXPECT_EQ_ROW(row.bytes, reply.bulk().value_or(""), row.bulk == nullptr ? "" : row.bulk);
    EXPECT_EQ_ROW(row.bytes, reply.integer().value_or(-99), row.integer);
    EXPECT_EQ_ROW(row.bytes, reply.size(), row.size);
    EXPECT_ROW(row.bytes, reply[row.size].is_nil());
    EXPECT_ROW(row.bytes, reply[static_cast<std::size_t>(-1)][5].is_nil());
  }
  EXPECT(Reply(nullptr).is_nil());
  EXPECT_EQ(Reply(nullptr).error_code(), "");
}
END_TEST

START_TEST(zero_bytes_survive) {
  const Parsed parsed(std::string_view("$3\r\na\0b\r\n", 9));
  EXPECT_EQ(parsed.reply().bulk().value_or(""), std::string_view("a\0b", 3));
}
END_TEST

START_TEST(error_codes) {
  struct Row {
    const char* error;
    const char* code;
  };
  const Row rows[] = {
      {"WRONGTYPE Operation against a key holding the wrong kind of value", "WRONGTYPE"},
      {"LOADING Redis is loading the dataset in memory", "LOADING"},
      {"ERR unknown command", "ERR"},
      {"READONLY You can't write against a read only replica. script: ab, on @user_script:1.",
       "READONLY"},  // Redis 7
      {"ERR Error running script (call to f_6b1bf486c81ceb7edf3c093f4c48582e38c0e791): "
       "@user_script:1: @user_script: 1: -READONLY You can't write against a read only replica. ",
       "READONLY"},  // Redis 6.2, raised
      {"@user_script: 12: -OOM command not allowed when used memory > 'maxmemory'.", "OOM"},
      {"ERR Error running script (call to f_6b1b): @user_script:3: WRONGTYPE Operation against",
       "WRONGTYPE"},
      {"ERR Error running script (call to f_6b1b): @user_script:3: user_script:3: attempt to index",
       "ERR"},
      {"ERR @user_script:", "ERR"},
      {"ERR @user_script: 1", "ERR"},
      {"ERR @user_script: 1: ", "ERR"},
      {"ERR @user_script: 1: -", "ERR"},
      {"lower case", ""},
      {"NOSCRIPT", "NOSCRIPT"},
      {"Mixed CASE", ""},
      {"", ""},
  };
  for (const Row& row : rows) {
    const Parsed parsed("-" + std::string(row.error) + "\r\n");
    EXPECT_EQ_ROW(row.error, parsed.reply().error_code(), row.code);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("reply", each_view_answers_only_its_type, zero_bytes_survive, error_codes)
