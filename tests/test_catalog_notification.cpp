// What may be sent and acknowledged.

#include "tests/check_main.hpp"
#include "worker/catalog/send/notification.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

// The required members, with `more` behind them.
std::string body(const std::string& more = "") {
  return R"({"user_id":"u","type":"info","color_code":"#fff","title":"t","message":"m","timeout":1,)"
         R"("is_sticky":true)" +
         more + "}";
}

std::string wrong(const std::vector<FieldError>& errors) {
  std::string out;
  for (const auto& error : errors) {
    out += field_path(error) + " " + error.type + ";";
  }
  return out;
}

START_TEST(sends) {
  const auto plain = read_notification(body());
  EXPECT_EQ(wrong(plain.errors), "");
  EXPECT_EQ(plain.payload, body());
  EXPECT_EQ(plain.channel, "push_notification");
  EXPECT_EQ(plain.data, "{}");

  const auto more = read_notification(body(
      R"(, "icon_url": null, "metadata":{"a":"\ud800"}, "x":1, "channel":"SMS", "data":{"n":1e999},)"
      R"("template_id":"C0000000-0000-4000-8000-000000000000")"));
  EXPECT_EQ(wrong(more.errors), "");
  EXPECT_EQ(more.payload, body(R"(,"icon_url":null,"metadata":{"a":"\ud800"})"));
  EXPECT_EQ(more.channel, "sms");
  EXPECT_EQ(more.data, R"({"n":1e999})");
  EXPECT_EQ(more.template_id, "c0000000-0000-4000-8000-000000000000");

  // Within objects as outside of them: what is meant, and nothing that nobody asked for.
  const auto within = read_notification(
      body(R"(,"redirection":{"x":1,"open_in_new_tab":"no","type":"internal","url":"/"},)"
           R"("actions":[{"label":"a","x":1,"action":"dismiss","color_code":"#fff","url":null},)"
           R"({"label":"b","action":"retry","color_code":"#fff","data":{"x":1,"value":[1, 2]}}])"));
  EXPECT_EQ(wrong(within.errors), "");
  EXPECT_EQ(within.payload,
            body(R"(,"redirection":{"type":"internal","url":"/","open_in_new_tab":false},)"
                 R"("actions":[{"label":"a","action":"dismiss","color_code":"#fff","url":null},)"
                 R"({"label":"b","action":"retry","color_code":"#fff","data":{"value":[1,2]}}])"));
  const auto none = read_notification(body(R"(,"actions":[])"));
  EXPECT_EQ(none.payload, body(R"(,"actions":[])"));
}
END_TEST

START_TEST(refuses) {
  struct Row {
    std::string body;
    const char* errors;
  };
  std::string deep;
  for (int i = 0; i < 2'000; ++i) {
    deep += "[";
  }
  const Row rows[] = {
      {"", "body missing;"},
      {"7", "body model_attributes_type;"},
      {body(R"(,"color_code":"fff")"), "body.color_code string_pattern_mismatch;"},
      {body(R"(,"color_code":"#ffff")"), "body.color_code string_pattern_mismatch;"},
      {body(R"(,"user_id":"\ud800")"), "body.user_id string_unicode;"},
      {body(R"(,"user_id":"a\u0000")"), "body.user_id value_error;"},
      {body(R"(,"user_id":"a\r\nb")"), "body.user_id value_error;"},
      {body(",\"user_id\":\"\xc3\xbc" + std::string(254, 'x') + "\""),
       "body.user_id string_too_long;"},
      {body(R"(,"redirection":{})"), "body.redirection.type missing;body.redirection.url missing;"},
      {body(R"(,"redirection":{"type":"external","url":"x","open_in_new_tab":null})"),
       "body.redirection.open_in_new_tab bool_type;"},
      {body(R"(,"actions":[1])"), "body.actions.0 model_attributes_type;"},
      {body(R"(,"actions":{})"), "body.actions list_type;"},
      {body(R"(,"metadata":{"a":{}})"), "body.metadata.a string_type;"},
      {body(R"(,"template_id":"x")"), "body.template_id uuid_parsing;"},
      {body(",\"data\":" + deep), "body.json_invalid"},
  };
  for (const auto& row : rows) {
    const auto errors = read_notification(row.body).errors;
    if (std::string_view(row.errors) == "body.json_invalid") {
      EXPECT_EQ(errors.size(), 1);
      EXPECT_EQ(errors[0].type, "json_invalid");
      continue;
    }
    EXPECT_EQ_ROW(row.body.substr(0, 200), wrong(errors), row.errors);
  }
}
END_TEST

START_TEST(acknowledges) {
  const auto some = read_acknowledgement(
      R"({"user_id":"u","message_ids":["1-0","1-00","x","","18446744073709551616-0","7-7"]})");
  EXPECT_EQ(wrong(some.errors), "");
  std::string ids;
  for (const auto& id : some.message_ids) {
    ids += id + ";";
  }
  EXPECT(ids.starts_with("1-0;"));
  EXPECT(ids.ends_with(";7-7;"));
  EXPECT(ids.find("184467") == std::string::npos);
  EXPECT_EQ(wrong(read_acknowledgement(R"({"user_id":"u","message_ids":[]})").errors), "");
  EXPECT_EQ(wrong(read_acknowledgement(R"({"user_id":"u","message_ids":["1-1",2]})").errors),
            "body.message_ids.1 string_type;");
  std::string many = R"({"user_id":"u","message_ids":["1-1")";
  for (std::size_t i = 0; i < Acknowledgement::kMostIds; ++i) {
    many += R"(,"1-1")";
  }
  EXPECT_EQ(wrong(read_acknowledgement(many + "]}").errors), "body.message_ids too_long;");
}
END_TEST

}  // namespace

CHECK_MAIN("catalog notification", sends, refuses, acknowledges)
