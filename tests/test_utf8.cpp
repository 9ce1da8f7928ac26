#include "shared/base/utf8.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

struct Row {
  std::string_view text;
  bool valid;
  std::size_t length;         // code points, malformed parts counting one each
  std::string_view replaced;  // to_valid_utf8
};

#define R "\xef\xbf\xbd"

constexpr Row kRows[] = {
    {""sv, true, 0, ""sv},
    {"plain"sv, true, 5, "plain"sv},
    {"a\0b"sv, true, 3, "a\0b"sv},
    {"\x7f"sv, true, 1, "\x7f"sv},
    {"\xc3\xa9"sv, true, 1, "\xc3\xa9"sv},
    {"\xe2\x82\xac"sv, true, 1, "\xe2\x82\xac"sv},
    {"\xf0\x9f\x98\x80"sv, true, 1, "\xf0\x9f\x98\x80"sv},
    {"\xc2\x80"sv, true, 1, "\xc2\x80"sv},
    {"\xed\x9f\xbf"sv, true, 1, "\xed\x9f\xbf"sv},
    {"\xee\x80\x80"sv, true, 1, "\xee\x80\x80"sv},
    {"\xef\xbf\xbf"sv, true, 1, "\xef\xbf\xbf"sv},
    {"\xf4\x8f\xbf\xbf"sv, true, 1, "\xf4\x8f\xbf\xbf"sv},
    // overlong
    {"\xc0\x80"sv, false, 2, R R ""sv},
    {"\xc1\xbf"sv, false, 2, R R ""sv},
    {"\xe0\x80\x80"sv, false, 3, R R R ""sv},
    {"\xe0\x9f\xbf"sv, false, 3, R R R ""sv},
    {"\xf0\x80\x80\x80"sv, false, 4, R R R R ""sv},
    {"\xf0\x8f\xbf\xbf"sv, false, 4, R R R R ""sv},
    // surrogates
    {"\xed\xa0\x80"sv, false, 3, R R R ""sv},
    {"\xed\xbf\xbf"sv, false, 3, R R R ""sv},
    // above U+10FFFF, and bytes that begin nothing
    {"\xf4\x90\x80\x80"sv, false, 4, R R R R ""sv},
    {"\xf5\x80\x80\x80"sv, false, 4, R R R R ""sv},
    {"\xff"sv, false, 1, R ""sv},
    {"\xfe\xff"sv, false, 2, R R ""sv},
    {"\x80"sv, false, 1, R ""sv},
    {"a\x80z"sv, false, 3, "a" R "z"sv},
    // cut off: one replacement for the whole beginning
    {"\xc3"sv, false, 1, R ""sv},
    {"\xe2\x82"sv, false, 1, R ""sv},
    {"\xf0\x9f\x98"sv, false, 1, R ""sv},
    {"\xe2\x82x"sv, false, 2, R "x"sv},
    {"\xc3("sv, false, 2, R "("sv},
    {"\xf0\x9f\x98\xf0\x9f\x98\x80"sv, false, 2, R "\xf0\x9f\x98\x80"sv},
    // Unicode 15, table 3-8
    {"\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64"sv, false, 10,
     "a" R R R "b" R "c" R R "d"sv},
};

START_TEST(checks_counts_and_replaces) {
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, is_utf8(row.text), row.valid);
    EXPECT_EQ_ROW(row.text, utf8_length(row.text), row.length);
    EXPECT_EQ_ROW(row.text, to_valid_utf8(row.text), row.replaced);
    EXPECT_ROW(row.text, is_utf8(to_valid_utf8(row.text)));
  }
}
END_TEST

START_TEST(every_code_point_there_and_back) {
  for (std::uint32_t point = 0; point <= 0x110001; ++point) {
    std::string text;
    append_utf8(text, point);
    const bool exists = point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
    const Utf8Step step = utf8_step(text);
    ck_assert_msg(step.valid && step.length == text.size(), "U+%x", point);
    ck_assert_msg(exists || text == kReplacement, "U+%x", point);
    ck_assert_msg(point == 0xfffd || !exists || text != kReplacement, "U+%x", point);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("utf8", checks_counts_and_replaces, every_code_point_there_and_back)
