#include "shared/base/text.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(trims_ascii_blanks) {
  EXPECT_EQ(trim(""), "");
  EXPECT_EQ(trim(" \t\r\n\v\f"), "");
  EXPECT_EQ(trim(" a b\n"), "a b");
  EXPECT_EQ(trim("\0a\0"sv), "\0a\0"sv);
  EXPECT_EQ(trim("\xc2\xa0x"), "\xc2\xa0x");
}
END_TEST

START_TEST(compares_without_case) {
  EXPECT(iequals("", ""));
  EXPECT(iequals("Bearer", "bEARER"));
  EXPECT(!iequals("a", "ab"));
  EXPECT(!iequals("[", "{"));
  EXPECT(!iequals("\xc3\x89", "\xc3\xa9"));
  EXPECT_EQ(to_lower("AZ[\xc3\x89 z"), "az[\xc3\x89 z");
}
END_TEST

START_TEST(reads_integers_strictly) {
  struct Row {
    std::string_view text;
    bool is_u64;
    std::uint64_t u64;
    bool is_i64;
    std::int64_t i64;
  };
  constexpr Row kRows[] = {
      {"0", true, 0, true, 0},
      {"007", true, 7, true, 7},
      {"18446744073709551615", true, UINT64_MAX, false, 0},
      {"18446744073709551616", false, 0, false, 0},
      {"9223372036854775807", true, INT64_MAX, true, INT64_MAX},
      {"9223372036854775808", true, 9223372036854775808U, false, 0},
      {"-9223372036854775808", false, 0, true, INT64_MIN},
      {"-9223372036854775809", false, 0, false, 0},
      {"-1", false, 0, true, -1},
      {"-0", false, 0, true, 0},
      {"", false, 0, false, 0},
      {"-", false, 0, false, 0},
      {"--1", false, 0, false, 0},
      {"+1", false, 0, false, 0},
      {" 1", false, 0, false, 0},
      {"1 ", false, 0, false, 0},
      {"1x", false, 0, false, 0},
      {"0x1", false, 0, false, 0},
      {"1e3", false, 0, false, 0},
      {"1\0"sv, false, 0, false, 0},
      {"99999999999999999999999999999999999999", false, 0, false, 0},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, parse_u64(row.text).has_value(), row.is_u64);
    EXPECT_EQ_ROW(row.text, parse_u64(row.text).value_or(0), row.u64);
    EXPECT_EQ_ROW(row.text, parse_i64(row.text).has_value(), row.is_i64);
    EXPECT_EQ_ROW(row.text, parse_i64(row.text).value_or(0), row.i64);
  }
  EXPECT(!parse_u64(std::string_view{}));
}
END_TEST

START_TEST(decodes_percent) {
  struct Row {
    std::string_view text;
    std::string_view as_path;
    std::string_view as_form;
    bool strict;
  };
  constexpr Row kRows[] = {
      {"", "", "", true},
      {"a+b", "a+b", "a b", true},
      {"%41%62", "Ab", "Ab", true},
      {"%2B+%2b",
       "++"
       "+",
       "+ +", true},
      {"%00x"sv, "\0x"sv, "\0x"sv, true},
      {"%ff%C3", "\xff\xc3", "\xff\xc3", true},
      {"%", "%", "%", false},
      {"%4", "%4", "%4", false},
      {"%4g", "%4g", "%4g", false},
      {"%g4", "%g4", "%g4", false},
      {"%%41", "%A", "%A", false},
      {"100%+sure", "100%+sure", "100% sure", false},
      {"%+41", "%+41", "% 41", false},
      {"%25%32%35", "%25", "%25", true},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, percent_decode(row.text), row.as_path);
    EXPECT_EQ_ROW(row.text, percent_decode(row.text, true), row.as_form);
    const auto strict = percent_decode_strict(row.text);
    EXPECT_EQ_ROW(row.text, strict.has_value(), row.strict);
    EXPECT_ROW(row.text, !strict || *strict == row.as_path);
  }
  EXPECT_EQ(percent_encode("aZ09-._~ /\xff\0"sv), "aZ09-._~%20%2F%FF%00");
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  EXPECT_EQ(percent_decode(percent_encode(all)), all);
}
END_TEST

START_TEST(finds_arguments) {
  struct Row {
    std::string_view query;
    std::string_view name;
    std::string_view first;  // "<none>" where there is none
    std::size_t count;
  };
  constexpr Row kRows[] = {
      {"", "a", "<none>", 0},
      {"a=1", "a", "1", 1},
      {"a=1&a=2", "a", "1", 2},
      {"b=1", "a", "<none>", 0},
      {"aa=1&ab=2", "a", "<none>", 0},
      {"a", "a", "", 1},
      {"a=", "a", "", 1},
      {"&&a=1&", "a", "1", 1},
      {"=1", "", "1", 1},
      {"a=1=2", "a", "1=2", 1},
      {"A=1", "a", "<none>", 0},
      {"%61=1", "a", "1", 1},
      {"a+b=1", "a b", "1", 1},
      {"a=x+y%20z%2B", "a", "x y z+", 1},
      {"a=100%", "a", "100%", 1},
      {"x=a=2&a=3", "a", "3", 1},
      {"a;b=1", "b", "<none>", 0},
      {"a=%00"sv, "a", "\0"sv, 1},
      {"message=hello+world&x=1", "message", "hello world", 1},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.query, query_arg(row.query, row.name).value_or("<none>"), row.first);
    EXPECT_EQ_ROW(row.query, query_args(row.query, row.name).size(), row.count);
  }
  EXPECT_EQ(query_args("a=1&b=2&a=3", "a").back(), "3");
}
END_TEST

START_TEST(reads_durations) {
  struct Row {
    std::string_view text;
    long long millis;  // -1: refused
  };
  constexpr Row kRows[] = {
      {"0", 0},
      {"5", 5000},
      {"250ms", 250},
      {"5s", 5000},
      {"2m", 120000},
      {"1h", 3600000},
      {"1d", 86400000},
      {"", -1},
      {"s", -1},
      {"ms", -1},
      {"-1", -1},
      {"-1s", -1},
      {"1.5s", -1},
      {"5 s", -1},
      {"5S", -1},
      {"5x", -1},
      {"1h30m", -1},
      {"5ss", -1},
      {"+5s", -1},
      {"off", -1},
      {"9223372036854775807d", -1},
      {"18446744073709551615ms", -1},
      {"9223372036854ms", 9223372036854},
      {"9223372036855ms", -1},
      {"106751d", 9223286400000},
      {"106752d", -1},
  };
  for (const Row& row : kRows) {
    const auto value = parse_duration(row.text);
    EXPECT_EQ_ROW(row.text, value ? static_cast<long long>(value->count()) : -1LL, row.millis);
  }
}
END_TEST

START_TEST(reads_sizes) {
  struct Row {
    std::string_view text;
    bool ok;
    std::uint64_t bytes;
  };
  constexpr Row kRows[] = {
      {"0", true, 0},
      {"4096", true, 4096},
      {"64k", true, 65536},
      {"64K", true, 65536},
      {"1m", true, 1048576},
      {"1M", true, 1048576},
      {"2g", true, 2147483648U},
      {"", false, 0},
      {"k", false, 0},
      {"1kb", false, 0},
      {"1 m", false, 0},
      {"-1", false, 0},
      {"1.5m", false, 0},
      {"18446744073709551615", true, UINT64_MAX},
      {"17179869184g", false, 0},
      {"17179869183g", true, 17179869183U << 30U},
  };
  for (const Row& row : kRows) {
    EXPECT_EQ_ROW(row.text, parse_size(row.text).has_value(), row.ok);
    EXPECT_EQ_ROW(row.text, parse_size(row.text).value_or(0), row.bytes);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("text", trims_ascii_blanks, compares_without_case, reads_integers_strictly,
           decodes_percent, finds_arguments, reads_durations, reads_sizes)
