#include <string>
#include <string_view>

#include "ngx_notify_module/websocket/frame.hpp"
#include "ngx_notify_module/wire/message.hpp"
#include "tests/check_main.hpp"

namespace notify::message {
namespace {

using websocket::Opcode;

START_TEST(an_event_is_one_text) {
  struct Row {
    Event event;
    std::string_view envelope;
    std::string_view data;
  };
  const Row rows[] = {
      {{R"({"a": 1})", "name", "1-00000000"},
       R"({"id":"1-00000000","event":"name","data":{"a": 1}})",
       R"({"a": 1})"},
      {{"plain \"text\"\n", "", "1-00000000"},
       R"({"id":"1-00000000","data":"plain \"text\"\n"})",
       "plain \"text\"\n"},
      {{"18446744073709551616", "n\"", ""},
       R"({"event":"n\"","data":18446744073709551616})",
       "18446744073709551616"},
      {{" [1,\n2] ", "", ""}, "{\"data\":[1,\n2]}", " [1,\n2] "},
      {{"", "", ""}, R"({"data":""})", ""},
      {{"\xff{}", "", ""}, "{\"data\":\"\xef\xbf\xbd{}\"}", "\xef\xbf\xbd{}"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(frame(Shape::kEnvelope, row.event), websocket::frame(Opcode::kText, row.envelope));
    EXPECT_EQ(frame(Shape::kData, row.event), websocket::frame(Opcode::kText, row.data));
  }
}
END_TEST

START_TEST(the_id_is_put_to_an_open_one) {
  const Event events[] = {
      {R"({"a": 1})", "name", "1-00000000"}, {"x", "", "1-00000000"}, {"", "n\"", "1-00000000"}};
  for (const Event& event : events) {
    for (const std::size_t length : {1U, 100U, 126U, 70'000U}) {
      const std::string id(length, 'c');
      const std::string rest = open_frame(Shape::kEnvelope, event);
      EXPECT(!is_complete(rest));
      std::string whole;
      append_beginning(whole, id, rest.size());
      whole += rest;
      EXPECT(is_complete(whole));
      EXPECT_EQ(whole, frame(Shape::kEnvelope, {event.data, event.name, id}));
    }
    EXPECT_EQ(open_frame(Shape::kData, event), frame(Shape::kData, event));
    const Event without{event.data, event.name, ""};
    EXPECT_EQ(open_frame(Shape::kEnvelope, without), frame(Shape::kEnvelope, without));
  }
  EXPECT(is_complete(""));
}
END_TEST

}  // namespace
}  // namespace notify::message

using namespace notify::message;  // NOLINT

CHECK_MAIN("message", an_event_is_one_text, the_id_is_put_to_an_open_one)
