#include "ctl/env_file.hpp"

#include "tests/check_main.hpp"

using namespace notify::ctl;

namespace {

START_TEST(reads_what_make_run_writes) {
  const auto file = EnvFile::parse("API_TOKEN=abc\nJWT_SECRET=d=e#f\n");
  EXPECT(file.ok());
  EXPECT_EQ(file->find("API_TOKEN").value_or("-"), "abc");
  EXPECT_EQ(file->find("JWT_SECRET").value_or("-"), "d=e#f");
  EXPECT(!file->find("API").has_value());
  EXPECT(!file->find("").has_value());
}
END_TEST

START_TEST(reads_values_as_make_run_does) {
  struct Row {
    std::string_view line;
    std::string_view value;
  };
  constexpr Row kRows[] = {
      {"A=", ""},
      {"A=x", "x"},
      {"  A = x  ", "x"},
      {"export A=x", "x"},
      {"export\tA=x", "x"},
      {"A=x\r", "x"},
      {"A=x y", "x y"},
      {"A=x # why", "x"},
      {"A=x\t# why", "x"},
      {"A=x#y", "x#y"},
      {"A=# why", ""},
      {"A='x # y'", "x # y"},
      {"A='x' # why", "x"},
      {"A='a\\n\"'", "a\\n\""},
      {"A=\"x y\"", "x y"},
      {"A=\"a\\\"b\\\\c\\$d\\ne\\tf\"", "a\"b\\c$d\ne\\tf"},
      {"A=\"\"", ""},
      {"A=x'y'", "x'y'"},
      {"A=\xff\xfe", "\xff\xfe"},
  };
  for (const Row& row : kRows) {
    const auto file = EnvFile::parse(row.line);
    EXPECT_ROW(row.line, file.ok());
    EXPECT_EQ_ROW(row.line, file->find("A").value_or("-"), row.value);
  }
}
END_TEST

START_TEST(skips_blank_lines_and_comments) {
  const auto file = EnvFile::parse("\n  \n# A=1\n  # A=2\n\r\nA=3");
  EXPECT(file.ok());
  EXPECT_EQ(file->find("A").value_or("-"), "3");
  EXPECT(EnvFile::parse("").ok());
}
END_TEST

START_TEST(takes_the_first_of_two) {
  const auto file = EnvFile::parse("A=1\nA=2\n");
  EXPECT_EQ(file->find("A").value_or("-"), "1");
}
END_TEST

START_TEST(names_the_line_and_never_the_secret) {
  struct Row {
    std::string_view text;
    std::string_view message;
  };
  constexpr Row kRows[] = {
      {"s3cret", "line 1 is not NAME=value"},
      {"A=1\n\n# x\ns3cret s3cret=1\n", "line 4 is not NAME=value"},
      {"=s3cret", "line 1 is not NAME=value"},
      {"1A=s3cret", "line 1 is not NAME=value"},
      {"export", "line 1 is not NAME=value"},
      {"A='s3cret", "line 1: A has a quote without its end"},
      {"A='", "line 1: A has a quote without its end"},
      {"A=\"s3cret\\\"", "line 1: A has a quote without its end"},
      {"A='s3' cret", "line 1: A has a quote without its end"},
      {std::string_view("A=s3\0cret", 9), "line 1: A holds a zero byte"},
  };
  for (const Row& row : kRows) {
    const auto file = EnvFile::parse(row.text);
    EXPECT_ROW(row.text, !file.ok());
    EXPECT_EQ_ROW(row.text, file.error().message, row.message);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("ctl env file", reads_what_make_run_writes, reads_values_as_make_run_does,
           skips_blank_lines_and_comments, takes_the_first_of_two,
           names_the_line_and_never_the_secret)
