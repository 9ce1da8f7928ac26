#include "ctl/entry_text.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace notify::ctl;
using namespace std::string_view_literals;

namespace {

START_TEST(quotes_as_a_shell_reads) {
  struct Row {
    std::string_view bytes;
    std::string_view word;
  };
  constexpr Row kRows[] = {
      {"abc-1_2.3/4,5:6@7%8+9=0", "abc-1_2.3/4,5:6@7%8+9=0"},
      {"", "''"},
      {"a b", "'a b'"},
      {"it's", "'it'\\''s'"},
      {"$(reboot)", "'$(reboot)'"},
      {"`x`", "'`x`'"},
      {"{\"a\":1}", "'{\"a\":1}'"},
      {"*", "'*'"},
      {"~", "'~'"},
      {"a\\b", "'a\\b'"},
      {"gr\u00fcn\U0001f600", "gr\u00fcn\U0001f600"},
      {"a\nb\tc\rd", "$'a\\nb\\tc\\rd'"},
      {"\x1b[31m'\\", "$'\\x1b[31m\\'\\\\'"},
      {"\0x"sv, "$'\\x00x'"},
      {"\x7f", "$'\\x7f'"},
      {"\xff\xfe", "$'\\xff\\xfe'"},
      {"a\xc3", "$'a\\xc3'"},
      {"\u0085", "$'\\xc2\\x85'"},      // C1: next line
      {"\u009b2J", "$'\\xc2\\x9b2J'"},  // C1: the one-character form of ESC [
      {"\u202egpj", "$'\\xe2\\x80\\xaegpj'"},
      {"\u2028", "$'\\xe2\\x80\\xa8'"},
      {"\u2066", "$'\\xe2\\x81\\xa6'"},
      {"\ufeff", "$'\\xef\\xbb\\xbf'"},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.bytes, shell_word(row.bytes), row.word);
  }
}
END_TEST

START_TEST(no_bytes_leave_a_control_character) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char bytes[] = {static_cast<char>(first), static_cast<char>(second)};
      for (const char c : shell_word({bytes, 2})) {
        EXPECT_ROW(first, static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
      }
    }
  }
}
END_TEST

START_TEST(shows_an_entry_on_one_line) {
  const Entry entry{{1700000000000, 1}, {{"message", "Hello you"}, {"", "x"}, {"e", ""}}};
  EXPECT_EQ(entry_line(entry), "1700000000000-1  message='Hello you' ''=x e=");
  EXPECT_EQ(entry_line({{1, 2}, {}}), "1-2 ");
}
END_TEST

START_TEST(shows_an_entry_as_json) {
  const Entry entry{{1, 2}, {{"b", "x\n\"y\""}, {"a", "\xff"}, {"b", ""}}};
  EXPECT_EQ(
      entry_json(entry),
      "{\"id\":\"1-2\",\"fields\":{\"b\":\"x\\n\\\"y\\\"\",\"a\":\"\xef\xbf\xbd\",\"b\":\"\"}}");
  EXPECT_EQ(entry_json({{1, 2}, {}}), "{\"id\":\"1-2\",\"fields\":{}}");
}
END_TEST

START_TEST(shows_a_time) {
  EXPECT_EQ(time_text(0), "1970-01-01 00:00:00.000 UTC");
  EXPECT_EQ(time_text(1700000000123), "2023-11-14 22:13:20.123 UTC");
  EXPECT_EQ(time_text(INT64_MAX).size(), 27U);
  EXPECT_EQ(time_text(INT64_MIN).size(), 27U);
}
END_TEST

}  // namespace

CHECK_MAIN("ctl entry text", quotes_as_a_shell_reads, no_bytes_leave_a_control_character,
           shows_an_entry_on_one_line, shows_an_entry_as_json, shows_a_time)
