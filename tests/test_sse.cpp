#include "ngx_notify_module/wire/sse.hpp"

#include "tests/check_main.hpp"

namespace notify::test {
namespace {

std::string event(std::string_view data, std::string_view name, std::string_view id) {
  std::string out;
  sse::append_event(out, data, name, id);
  return out;
}

START_TEST(an_event_has_its_data_first) {
  struct Row {
    const char* name;
    std::string got;
    std::string_view expected;
  };
  const Row rows[] = {
      {"all", event("x", "n", "1-2"), "data: x\nevent: n\nid: 1-2\n\n"},
      {"data alone", event("x", "", ""), "data: x\n\n"},
      {"empty data", event("", "n", ""), "data: \nevent: n\n\n"},
      {"LF", event("a\nb", "", ""), "data: a\ndata: b\n\n"},
      {"CR LF", event("a\r\nb", "", ""), "data: a\ndata: b\n\n"},
      {"CR", event("a\rb", "", ""), "data: a\ndata: b\n\n"},
      {"LF at the end", event("a\n", "", ""), "data: a\ndata: \n\n"},
      {"only line ends", event("\r\n\r\n", "", ""), "data: \ndata: \ndata: \n\n"},
      {"a field in the data", event("a\nevent: b\n\nid: 9", "", ""),
       "data: a\ndata: event: b\ndata: \ndata: id: 9\n\n"},
      {"line ends in the name", event("x", "a\r\nid: 7", ""), "data: x\nevent: aid: 7\n\n"},
      {"NUL in the id", event("x", "", std::string_view("1\0002", 3)), "data: x\nid: 12\n\n"},
      {"opening", sse::opening(1500, "ready", "stream-open"),
       "retry: 1500\nevent: ready\ndata: stream-open\n\n"},
      {"opening, retry alone", sse::opening(7, "", ""), "retry: 7\n\n"},
      {"opening, nothing", sse::opening(std::nullopt, "", ""), ""},
      {"opening, name alone", sse::opening(std::nullopt, "ready", ""), "event: ready\ndata: \n\n"},
      {"retry", sse::retry(99), "retry: 99\n\n"},
      {"comment", sse::comment(""), ":\n\n"},
      {"comment with text", sse::comment("keepalive"), ": keepalive\n\n"},
      {"comment with lines", sse::comment("a\ndata: b"), ": a\n: data: b\n\n"},
      {"comment line", sse::comment_line(""), ":\n"},
      {"comment line with text", sse::comment_line("a\nb"), ": a\n: b\n"},
      {"gap", sse::gap("user:1", "trimmed", EntryId{5, 17}, EntryId{7, 0}),
       "data: {\"stream\":\"user:1\",\"reason\":\"trimmed\",\"after\":\"5-00000011\","
       "\"id\":\"7-00000000\"}\nevent: gap\nid: 7-00000000\n\n"},
      {"expired", sse::expired("token"), "data: {\"reason\":\"token\"}\nevent: expired\n\n"},
      {"gap after nobody knows what", sse::gap("a\"b", "unknown", std::nullopt, std::nullopt),
       "data: {\"stream\":\"a\\\"b\",\"reason\":\"unknown\",\"after\":null}\nevent: gap\n\n"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ_ROW(row.name, row.got, row.expected);
  }
}
END_TEST

}  // namespace
}  // namespace notify::test

using namespace notify::test;  // NOLINT

CHECK_MAIN("sse", an_event_has_its_data_first)
