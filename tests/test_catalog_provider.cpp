// Where a provider delivers to, and what it is sent.

#include "tests/check_main.hpp"
#include "worker/catalog/providers/provider_config.hpp"
#include "worker/catalog/providers/provider_target.hpp"

using namespace notify;
using namespace notify::worker;

namespace {

using Kind = ProviderConfig::Kind;

START_TEST(configurations) {
  struct Row {
    const char* raw;
    Kind kind;
    bool good;
  };
  const Row rows[] = {
      {"{}", Kind::kNone, true},
      {R"({"type":"smtp","url":"smtp://x"})", Kind::kNone, true},
      {R"({"url":"https://hooks.slack.com/services/x"})", Kind::kSlack, true},
      {R"({"url":"https://HOOKS.slack.com/services/x"})", Kind::kSlack, true},
      {R"({"url":"https://hooks.slack.com.example/x"})", Kind::kWebhook, true},
      {R"({"webhook_url":"http://x:1"})", Kind::kWebhook, true},
      {R"({"type":"SLACK","url":"http://x"})", Kind::kSlack, true},
      {R"({"type":"slack"})", Kind::kSlack, false},
      {R"({"url":"file:///etc/passwd"})", Kind::kWebhook, false},
      {R"({"url":"http://x y"})", Kind::kWebhook, false},
      {R"({"url":"http://x\r\nA: b"})", Kind::kWebhook, false},
      {R"({"url":"http:///x"})", Kind::kWebhook, false},
      {R"({"url":"http://x","headers":{"A":"b"}})", Kind::kWebhook, true},
      {R"({"url":"http://x","headers":{"A":1}})", Kind::kWebhook, false},
      {R"({"url":"http://x","headers":{"A b":"c"}})", Kind::kWebhook, false},
      {R"({"url":"http://x","headers":{"A":"b\nC: d"}})", Kind::kWebhook, false},
      {R"({"url":"http://x","headers":{"Content-Length":"1"}})", Kind::kWebhook, false},
  };
  for (const auto& row : rows) {
    const auto config = read_provider_config(row.raw);
    EXPECT_EQ_ROW(row.raw, config.kind, row.kind);
    EXPECT_EQ_ROW(row.raw, config.errors.empty(), row.good);
  }
}
END_TEST

Delivery delivery() {
  Delivery out;
  out.stream = "notify:{p}:outgoing";
  out.entry.id = {7, 1};
  out.entry.fields = {
      {"request", "r"}, {"user_id", "u\""}, {"text", "a\nb"}, {"payload", "{\"x\":1}"}};
  return out;
}

std::string header(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers) {
    if (key == name) {
      return value;
    }
  }
  return {};
}

START_TEST(requests) {
  ProviderTarget target;
  EXPECT(!target.build(delivery()).ok());  // not configured yet

  target.configure(read_provider_config(R"({"url":"http://x/y","headers":{"A":"b"}})"), true);
  const auto web = target.build(delivery());
  ck_assert(web.ok());
  EXPECT_EQ(web->url, "http://x/y");
  EXPECT_EQ(web->body,
            R"({"request_id":"r","user_id":"u\"","text":"a\nb","notification":{"x":1}})");
  EXPECT_EQ(header(*web, "A"), "b");
  EXPECT_EQ(header(*web, "Idempotency-Key"), "notify%3A%7Bp%7D%3Aoutgoing/7-1");

  EXPECT_EQ(header(*web, "Content-Type"), "application/json");

  target.configure(read_provider_config(R"({"url":"http://x/y","headers":{"content-type":"a/b"}})"),
                   true);
  const auto own = target.build(delivery());
  ck_assert(own.ok());
  EXPECT_EQ(own->headers.size(), web->headers.size() - 1);
  EXPECT_EQ(header(*own, "content-type"), "a/b");

  target.configure(read_provider_config(R"({"type":"slack","url":"http://x/y"})"), true);
  EXPECT_EQ(target.build(delivery())->body, R"({"text":"a\nb"})");

  auto strange = delivery();
  strange.entry.fields[3].second = "{";
  EXPECT(!target.build(strange).ok());
  strange.entry.fields.clear();
  EXPECT(!target.build(strange).ok());

  target.configure(read_provider_config(R"({"type":"slack","url":"http://x/y"})"), false);
  EXPECT(!target.build(delivery()).ok());
}
END_TEST

}  // namespace

CHECK_MAIN("catalog provider", configurations, requests)
