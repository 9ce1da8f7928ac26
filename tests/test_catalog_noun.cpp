// What a body of the catalogue must be, and who is its superuser.

#include "shared/base/encoding.hpp"
#include "tests/check_main.hpp"
#include "worker/catalog/api/superuser.hpp"
#include "worker/catalog/nouns/noun.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

std::string wrong(const NounValues& values) {
  std::string out;
  for (const auto& error : values.errors) {
    out += field_path(error) + " " + error.type + ";";
  }
  return out;
}

std::string many(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += text;
  }
  return out;
}

START_TEST(creates) {
  const auto channel = read_create(kChannels, R"({"name":"SMS","other":1})");
  EXPECT_EQ(wrong(channel), "");
  EXPECT_EQ(channel.of(kChannels, "name").text, "sms");
  EXPECT(channel.of(kChannels, "description").null);

  const auto provider = read_create(
      kProviders,
      R"({"name":"A","channel_id":"C0000000-0000-4000-8000-00000000000F","config":{ "n": 1e999 , "s":"\u0000"}})");
  EXPECT_EQ(wrong(provider), "");
  EXPECT_EQ(provider.of(kProviders, "name").text, "A");
  EXPECT_EQ(provider.of(kProviders, "channel_id").text, "c0000000-0000-4000-8000-00000000000f");
  EXPECT_EQ(provider.of(kProviders, "config").text, R"({"n":1e999,"s":"\u0000"})");
}
END_TEST

START_TEST(refuses) {
  struct Row {
    const Noun& noun;
    std::string body;
    const char* errors;
  };
  const Row rows[] = {
      {kClients, "", "body missing;"},
      {kClients, "[]", "body model_attributes_type;"},
      {kClients, "{\"client_name\":null}", "body.client_name string_type;"},
      {kClients, R"({"client_name":"\ud800"})", "body.client_name string_unicode;"},
      {kClients, R"({"client_name":"a\u0000"})", "body.client_name value_error;"},
      {kClients, R"({"client_name":"a:b"})", "body.client_name value_error;"},
      {kClients, "{\"client_name\":\"" + many("\xf0\x9f\x98\x80", 43) + "\"}",
       "body.client_name string_too_long;"},
      {kClients, "{\"client_name\":\"" + many("\xf0\x9f\x98\x80", 42) + "abc\"}", ""},
      {kReceivers, R"({"client_id":"c0000000-0000-4000-8000-000000000000","user_id":"a\nb"})",
       "body.user_id value_error;"},
      {kReceivers,
       R"({"client_id":"c0000000-0000-4000-8000-000000000000","user_id":")" +
           many("\xf0\x9f\x98\x80", 64) + "\"}",
       "body.user_id string_too_long;"},
      {kChannels, R"({"name":"x","description":7})", "body.description string_type;"},
      {kProviders, R"({"name":"x","channel_id":"x","config":{}})", "body.channel_id uuid_parsing;"},
      {kProviders, R"({"name":"x","channel_id":"x","config":[]})",
       "body.config dict_type;body.channel_id uuid_parsing;"},
      {kProviders,
       R"({"name":"x","channel_id":"c0000000-0000-4000-8000-000000000000","config":{"x":")" +
           std::string(70'000, 'x') + "\"}}",
       "body.config too_long;"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.body.substr(0, 80), wrong(read_create(row.noun, row.body)), row.errors);
  }
}
END_TEST

START_TEST(updates) {
  const auto some = read_update(kTemplates, R"({"description":null,"schema":{"a":1}})");
  EXPECT_EQ(wrong(some), "");
  EXPECT(some.of(kTemplates, "description").given);
  EXPECT(some.of(kTemplates, "description").null);
  EXPECT_EQ(some.of(kTemplates, "schema").text, "{\"a\":1}");
  EXPECT(!some.of(kTemplates, "template_name").given);
  EXPECT(!some.active.has_value());
  EXPECT(read_update(kClients, R"({"is_active":false})").active == false);
  // What a row belongs to stays.
  const auto moved = read_update(kTemplates, R"({"channel_id":"x"})");
  EXPECT_EQ(wrong(moved), "");
  EXPECT(!moved.of(kTemplates, "channel_id").given);
}
END_TEST

START_TEST(superuser) {
  Superuser chief("chief", "pa:ss");
  using Verdict = Superuser::Verdict;
  const auto check = [&chief](const std::string& header) {
    return chief.check(header, "", 0).verdict;
  };
  EXPECT_EQ(check("Basic " + base64_encode("chief:pa:ss")), Verdict::kRight);
  EXPECT_EQ(check("basic  " + base64_encode("chief:pa:ss")), Verdict::kRight);
  for (const char* text : {"chief:pa", "chief:pa:ss ", "Chief:pa:ss", "chief", ":", "chief:pa:s"}) {
    EXPECT_EQ_ROW(text, check("Basic " + base64_encode(text)), Verdict::kWrong);
  }
  EXPECT_EQ(check("Basic ***"), Verdict::kWrong);
  EXPECT_EQ(check(""), Verdict::kMissing);
  EXPECT_EQ(check("Basic"), Verdict::kMissing);
  EXPECT_EQ(check("Bearer x"), Verdict::kMissing);
}
END_TEST

}  // namespace

CHECK_MAIN("catalog noun", creates, refuses, updates, superuser)
