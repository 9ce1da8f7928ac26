#include "shared/model/stream_name.hpp"

#include "tests/check_main.hpp"

using namespace notify;
using namespace std::string_view_literals;

namespace {

START_TEST(accepts_names) {
  for (const std::string_view name : {"a"sv, "orders:{eu}"sv, "with blank"sv, "a/b%00"sv,
                                      "\xc3\xa9\xf0\x9f\x98\x80"sv, "\xc2\x80"sv, "\"quoted\\"sv}) {
    EXPECT_ROW(name, check_stream_name(name).ok());
  }
  EXPECT(check_stream_name(std::string(kMaxNameBytes, 'x')).ok());
}
END_TEST

START_TEST(refuses_what_is_no_name) {
  const std::string large(kMaxNameBytes + 1, 'x');
  struct Row {
    std::string_view name;
    std::string_view reason;
  };
  const Row rows[] = {
      {"", "it is empty"},
      {large, "it is longer than 512 bytes"},
      {"a\xff", "it is not UTF-8"},
      {"\xed\xa0\x80", "it is not UTF-8"},
      {"a\0b"sv, "it holds a control character"},
      {"a\nb", "it holds a control character"},
      {"\x1f", "it holds a control character"},
      {"\x7f", "it holds a control character"},
  };
  for (const Row& row : rows) {
    const auto checked = check_stream_name(row.name);
    EXPECT_ROW(row.name, !checked.ok());
    EXPECT_EQ_ROW(row.name, checked.error().kind, ErrorKind::kInvalid);
    EXPECT_EQ_ROW(row.name, checked.error().message,
                  "Invalid stream name: " + std::string(row.reason));
  }
  EXPECT_EQ(check_group_name("").error().message, "Invalid group name: it is empty");
  EXPECT_EQ(check_consumer_name("").error().message, "Invalid consumer name: it is empty");
  EXPECT_EQ(check_name("channel name", "").error().message, "Invalid channel name: it is empty");
}
END_TEST

}  // namespace

CHECK_MAIN("stream_name", accepts_names, refuses_what_is_no_name)
