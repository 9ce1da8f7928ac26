// A line stays a line, whatever stands in it.

#include <algorithm>

#include "shared/base/json.hpp"
#include "worker/process/log.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::worker;

namespace {

constexpr std::int64_t kMoment = 1'700'000'000'123'456;

std::string text_line(std::string_view text, std::initializer_list<LogField> fields = {}) {
  std::string line;
  format_log_line(line, LogFormat::kText, kMoment, LogLevel::kInfo, text, fields);
  return line;
}

START_TEST(text_lines) {
  EXPECT_EQ(text_line("delivered", {{"stream", "dev_stream"}, {"attempt", 2}, {"ms", 12}}),
            "2023-11-14T22:13:20.123Z info delivered stream=dev_stream attempt=2 ms=12\n");
  const struct {
    std::string value;
    const char* shown;
  } rows[] = {
      {"plain", "v=plain"},
      {"", "v=\"\""},
      {"two words", "v=\"two words\""},
      {"a=b", "v=\"a=b\""},
      {"say \"x\"", "v=\"say \\\"x\\\"\""},
      {"line\nline\r", "v=line\\x0aline\\x0d"},
      {std::string("\0\x1b[31m", 6), "v=\\x00\\x1b[31m"},
      {"\xc2\x9b", "v=\\xc2\\x9b"},
      {"\xff", "v=\\xff"},
      {"gr\xc3\xbc\xc3\x9f", "v=gr\xc3\xbc\xc3\x9f"},
      {"\x7f", "v=\\x7f"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.value, text_line("x", {{"v", row.value}}),
                  std::string("2023-11-14T22:13:20.123Z info x ") + row.shown + "\n");
  }
}
END_TEST

START_TEST(json_lines) {
  std::string line;
  format_log_line(line, LogFormat::kJson, kMoment, LogLevel::kError, "a\n\"b\"",
                  {{"v", std::string_view("\0\xff", 2)}, {"n", -1}});
  EXPECT(line.ends_with("}\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT(json::valid(line));
  EXPECT(line.find(R"("level":"error")") != std::string::npos);
  EXPECT(line.find(R"("n":-1)") != std::string::npos);
}
END_TEST

}  // namespace

CHECK_MAIN("worker log", text_lines, json_lines)
