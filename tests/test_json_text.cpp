#include <cmath>

#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"
#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;
using json::Kind;

namespace {

START_TEST(decodes_strings) {
  struct Row {
    std::string_view raw;
    std::string_view text;
    bool exact;  // unquote_strict takes it too
  };
  constexpr Row kRows[] = {
      {R"("")", "", true},
      {R"("plain")", "plain", true},
      {R"("\"\\\/\b\f\n\r\t")", "\"\\/\b\f\n\r\t", true},
      {R"("a\u0000b")", "a\0b"sv, true},
      {R"("\u00e9\u20AC")", "\xc3\xa9\xe2\x82\xac", true},
      {R"("\ud83d\ude00!")", "\xf0\x9f\x98\x80!", true},
      {R"("\udbff\udfff")", "\xf4\x8f\xbf\xbf", true},
      {"\"\xf0\x9f\x98\x80\"", "\xf0\x9f\x98\x80", true},
      {R"("\uffff")", "\xef\xbf\xbf", true},
      {R"("\\u0041")", "\\u0041", true},
      {R"("\ud800")", "\xef\xbf\xbd", false},
      {R"("\ud800x")", "\xef\xbf\xbdx", false},
      {R"("\udc00\ud800")", "\xef\xbf\xbd\xef\xbf\xbd", false},
      {R"("\ud800\u0041")",
       "\xef\xbf\xbd"
       "A",
       false},
      {R"("\ud800\ud83d\ude00")", "\xef\xbf\xbd\xf0\x9f\x98\x80", false},
      {R"("\ud800\n")", "\xef\xbf\xbd\n", false},
  };
  for (const Row& row : kRows) {
    EXPECT_ROW(row.raw, json::valid(row.raw));
    EXPECT_EQ_ROW(row.raw, json::unquote({Kind::kString, row.raw}), row.text);
    const auto strict = json::unquote_strict({Kind::kString, row.raw});
    EXPECT_EQ_ROW(row.raw, strict.has_value(), row.exact);
    EXPECT_ROW(row.raw, !strict || *strict == row.text);
  }
  EXPECT_EQ(json::unquote({Kind::kNumber, "12"}), "");
  EXPECT(!json::unquote_strict({Kind::kNull, "null"}));
}
END_TEST

START_TEST(writes_strings) {
  struct Row {
    std::string_view bytes;
    std::string_view json;
  };
  constexpr Row kRows[] = {
      {"", R"("")"},
      {"a/b<>&'", R"("a/b<>&'")"},
      {"\"\\", R"("\"\\")"},
      {"\b\f\n\r\t\v\x1b\0"sv, R"("\b\f\n\r\t\u000b\u001b\u0000")"},
      {"\x7f\xc2\x80\xe2\x80\xa8", "\"\x7f\xc2\x80\xe2\x80\xa8\""},
      {"\xff", "\"\xef\xbf\xbd\""},
      {"a\xe2\x82z", "\"a\xef\xbf\xbdz\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"long enough for a word\x01 and more\"", R"("long enough for a word\u0001 and more\"")"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.bytes, json::quoted(row.bytes), row.json);
    EXPECT_ROW(row.bytes, json::valid(row.json));
  }
  EXPECT_EQ(json::quoted(std::string_view{}), "\"\"");
}
END_TEST

START_TEST(any_bytes_there_and_back) {
  std::uint32_t seed = 12345;
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes;
    for (std::uint32_t left = seed % 40; left > 0; --left) {
      seed = seed * 1664525U + 1013904223U;
      bytes += static_cast<char>(seed >> 24U);
    }
    seed = seed * 1664525U + 1013904223U;
    const std::string text = json::quoted(bytes);
    ck_assert_msg(json::valid(text), "%s", test::show(bytes).c_str());
    EXPECT_EQ(json::unquote({Kind::kString, text}), to_valid_utf8(bytes));
  }
}
END_TEST

START_TEST(rewrites_white_space) {
  struct Row {
    std::string_view raw;
    std::string_view line;
    std::string_view compact;
  };
  constexpr Row kRows[] = {
      {"", "", ""},
      {"1", "1", "1"},
      {"{\r\n\t\"a b\" :\n[1, 2]\n}", "{  \t\"a b\" : [1, 2] }", "{\"a b\":[1,2]}"},
      {"[\"\\n \\\" , \\\\\" , \"x  y\"]\r", "[\"\\n \\\" , \\\\\" , \"x  y\"] ",
       "[\"\\n \\\" , \\\\\",\"x  y\"]"},
  };
  for (const Row& row : kRows) {
    std::string line = "data: ";
    json::append_single_line(line, row.raw);
    EXPECT_EQ_ROW(row.raw, line, "data: " + std::string(row.line));
    std::string compact = ">";
    json::append_compact(compact, row.raw);
    EXPECT_EQ_ROW(row.raw, compact, ">" + std::string(row.compact));
  }
}
END_TEST

START_TEST(reads_numbers) {
  struct Row {
    std::string_view raw;
    bool is_int;
    std::int64_t integer;
    double real;
  };
  constexpr Row kRows[] = {
      {"0", true, 0, 0},
      {"-7", true, -7, -7},
      {"9223372036854775807", true, INT64_MAX, 9223372036854775807.0},
      {"9223372036854775808", false, 0, 9223372036854775808.0},
      {"1.0", false, 0, 1},
      {"1e2", false, 0, 100},
      {"0.1", false, 0, 0.1},
      {"1e999", false, 0, HUGE_VAL},
      {"-1e999", false, 0, -HUGE_VAL},
      {"1e-999", false, 0, 0},
      {"0.00001e400", false, 0, HUGE_VAL},
      {"100000e-400", false, 0, 0},
      {"1e99999999999999999999999", false, 0, HUGE_VAL},
      {"1e-99999999999999999999999", false, 0, 0},
      {"0e99999999999999999999999", false, 0, 0},
  };
  for (const Row& row : kRows) {
    const json::Value value{Kind::kNumber, row.raw};
    EXPECT_EQ_ROW(row.raw, json::to_int64(value).has_value(), row.is_int);
    EXPECT_EQ_ROW(row.raw, json::to_int64(value).value_or(0), row.integer);
    EXPECT_EQ_ROW(row.raw, json::to_double(value).value_or(-1), row.real);
  }
  const std::string huge = std::string(400, '9');
  EXPECT_EQ(json::to_double({Kind::kNumber, huge}).value_or(0), HUGE_VAL);
  const std::string tiny = "0." + std::string(400, '0') + "1";
  EXPECT_EQ(json::to_double({Kind::kNumber, tiny}).value_or(-1), 0.0);
  EXPECT(!json::to_int64({Kind::kString, "\"1\""}));
  EXPECT(!json::to_double({Kind::kString, "\"1\""}));
  EXPECT(!json::to_double({Kind::kBool, "true"}));
}
END_TEST

}  // namespace

CHECK_MAIN("json_text", decodes_strings, writes_strings, any_bytes_there_and_back,
           rewrites_white_space, reads_numbers)
