// The Slack target and the policy of retries by HTTP, as tables.

#include <optional>
#include <variant>

#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"
#include "worker/delivery/http_verdict.hpp"
#include "worker/delivery/targets/slack.hpp"
#include "worker/delivery/targets/slack_verdict.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::worker;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kNow = 784'111'777'000;  // Sun, 06 Nov 1994 08:49:37 GMT

Delivery delivery_of(std::vector<std::pair<std::string, std::string>> fields) {
  Delivery delivery;
  delivery.stream = "dev_stream";
  delivery.entry = Entry{{1700, 3}, std::move(fields)};
  return delivery;
}

std::string header(const HttpRequest& request, std::string_view name) {
  for (const auto& [header_name, value] : request.headers) {
    if (header_name == name) {
      return value;
    }
  }
  return "(none)";
}

START_TEST(body_is_json_for_any_bytes) {
  const struct {
    const char* name;
    std::string message;
    const char* body;
  } rows[] = {
      {"plain", "hello", R"({"text":"hello"})"},
      {"empty", "", R"({"text":""})"},
      {"quotes", "a \"b\" \\ c", R"({"text":"a \"b\" \\ c"})"},
      {"UTF-8", "gr\xc3\xbc\xc3\x9f", "{\"text\":\"gr\xc3\xbc\xc3\x9f\"}"},
      {"invalid UTF-8", "a\xff z", "{\"text\":\"a\xef\xbf\xbd z\"}"},
      {"surrogate", "\xed\xa0\x80", "{\"text\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}"},
      {"NUL", std::string("a\0b", 3), R"({"text":"a\u0000b"})"},
  };
  const SlackTarget target(SlackAccount{.webhook = "https://hooks.slack.com/services/T/B/X"});
  for (const auto& row : rows) {
    const auto request = target.build(delivery_of({{"message", row.message}}));
    EXPECT_ROW(row.name, request.ok());
    EXPECT_EQ_ROW(row.name, request->body, row.body);
    EXPECT_ROW(row.name, json::valid(request->body));
  }
  std::string all;
  for (int c = 0; c < 256; ++c) {
    all += static_cast<char>(c);
  }
  EXPECT(json::valid(target.build(delivery_of({{"message", all}}))->body));
}
END_TEST

START_TEST(request_tells_a_repeat) {
  const SlackTarget target(SlackAccount{.webhook = "https://hooks.slack.com/services/T/B/X"});
  auto delivery = delivery_of({{"other", "x"}, {"message", "first"}, {"message", "second"}});
  delivery.attempts = 2;
  const auto request = target.build(delivery);
  EXPECT(request.ok());
  EXPECT_EQ(request->method, "POST");
  EXPECT_EQ(request->url, "https://hooks.slack.com/services/T/B/X");
  EXPECT_EQ(request->body, R"({"text":"first"})");
  EXPECT_EQ(header(*request, "Content-Type"), "application/json");
  EXPECT_EQ(header(*request, "Idempotency-Key"), "dev_stream/1700-3");
  EXPECT_EQ(header(*request, "X-Notify-Delivery"), "dev_stream/1700-3");
  EXPECT_EQ(header(*request, "X-Notify-Attempt"), "3");

  delivery.stream = "a\r\nb/c";
  EXPECT_EQ(header(*target.build(delivery), "X-Notify-Delivery"), "a%0D%0Ab%2Fc/1700-3");
}
END_TEST

START_TEST(entry_without_message_cannot_be_built) {
  const SlackTarget target(SlackAccount{.webhook = "https://hooks.slack.com/x"});
  for (const auto& fields :
       {std::vector<std::pair<std::string, std::string>>{}, {{"Message", "x"}}, {{"text", "x"}}}) {
    const auto request = target.build(delivery_of(fields));
    EXPECT(!request.ok());
    EXPECT_EQ(request.error().message, "the entry has no field `message`");
  }
}
END_TEST

// "done", "dead: why", "later[ free][ hold][ <ms>]: why"
std::string show_verdict(const Verdict& verdict) {
  if (const auto* dead = std::get_if<Dead>(&verdict)) {
    return "dead: " + dead->why;
  }
  if (const auto* later = std::get_if<Later>(&verdict)) {
    return std::string("later") + (later->costs_attempt ? "" : " free") +
           (later->holds_destination ? " hold" : "") +
           (later->after ? " " + std::to_string(later->after->count()) : "") + ": " + later->why;
  }
  return "done";
}

START_TEST(answers_are_judged) {
  const struct {
    long status;
    const char* retry_after;
    const char* verdict;
  } rows[] = {
      {200, "", "done"},
      {201, "", "done"},
      {204, "3", "done"},
      {299, "", "done"},
      {301, "", "dead: HTTP 301: said"},
      {304, "", "dead: HTTP 304: said"},
      {400, "", "dead: HTTP 400: said"},
      {403, "60", "dead: HTTP 403: said"},
      {404, "", "dead: HTTP 404: said"},
      {410, "", "dead: HTTP 410: said"},
      {408, "", "later: HTTP 408: said"},
      {429, "3", "later free hold 3000: HTTP 429: said"},
      {429, "", "later free hold: HTTP 429: said"},
      {429, "soon", "later free hold: HTTP 429: said"},
      {429, "0", "later free hold 1000: HTTP 429: said"},
      {500, "", "later: HTTP 500: said"},
      {500, "30", "later: HTTP 500: said"},
      {502, "", "later: HTTP 502: said"},
      {503, "", "later: HTTP 503: said"},
      {503, "-1", "later: HTTP 503: said"},
      {503, "7", "later free hold 7000: HTTP 503: said"},
      {503, "Sun, 06 Nov 1994 08:49:47 GMT", "later free hold 10000: HTTP 503: said"},
      {599, "", "later: HTTP 599: said"},
      {0, "", "dead: HTTP 0: said"},
  };
  for (const auto& row : rows) {
    HttpResult result;
    result.outcome = HttpOutcome::kAnswered;
    result.status = row.status;
    result.retry_after = row.retry_after;
    result.body = " said\n";
    result.received_unix_ms = kNow;
    EXPECT_EQ_ROW(std::to_string(row.status) + " " + row.retry_after,
                  show_verdict(classify_http(result)), row.verdict);
  }
}
END_TEST

START_TEST(silence_is_judged) {
  HttpResult result;
  result.error = "it broke";
  result.outcome = HttpOutcome::kTimeout;
  EXPECT_EQ(show_verdict(classify_http(result)), "later: timeout: it broke");
  result.outcome = HttpOutcome::kFailed;
  EXPECT_EQ(show_verdict(classify_http(result)), "later: it broke");
  result.outcome = HttpOutcome::kRefused;
  EXPECT_EQ(show_verdict(classify_http(result)), "dead: it broke");
}
END_TEST

START_TEST(a_webhook_says_ok) {
  const struct {
    long status;
    const char* body;
    const char* verdict;
  } rows[] = {
      {200, "ok", "done"},
      {200, "ok\n", "done"},
      {200, R"({"ok":true})", "done"},
      {200, "", "later: HTTP 200 without Slack's answer"},
      {204, "", "later: HTTP 204 without Slack's answer"},
      {200, "OK", "later: HTTP 200 without Slack's answer: OK"},
      {200, "ok!", "later: HTTP 200 without Slack's answer: ok!"},
      {200, "no_service", "later: HTTP 200 without Slack's answer: no_service"},
      {200, "<!DOCTYPE html><title>Sign in</title>",
       "later: HTTP 200 without Slack's answer: <!DOCTYPE html><title>Sign in</title>"},
      {200, R"({"error":"x"})", R"(later: HTTP 200 without Slack's answer: {"error":"x"})"},
      {200, R"({"ok":false,"error":"channel_is_archived"})",
       "dead: Slack says: channel_is_archived"},
      {302, "ok", "dead: HTTP 302: ok"},
      {403, "invalid_token", "dead: HTTP 403: invalid_token"},
      {404, "no_service", "dead: HTTP 404: no_service"},
      {410, "channel_is_archived", "dead: HTTP 410: channel_is_archived"},
      {429, "ok", "later free hold: HTTP 429: ok"},
      {500, "rollup_error", "later: HTTP 500: rollup_error"},
  };
  const SlackTarget target(SlackAccount{.webhook = "https://hooks.slack.com/x"});
  for (const auto& row : rows) {
    HttpResult result;
    result.outcome = HttpOutcome::kAnswered;
    result.status = row.status;
    result.body = row.body;
    EXPECT_EQ_ROW(row.body, show_verdict(target.classify(result)), row.verdict);
  }
}
END_TEST

START_TEST(a_cut_ok_is_one) {
  HttpResult result;
  result.outcome = HttpOutcome::kAnswered;
  result.status = 200;
  result.cut = true;
  for (const char* body : {"", "o", "ok"}) {
    result.body = body;
    EXPECT_EQ_ROW(body, show_verdict(slack::classify_webhook(result)), "done");
  }
  result.body = "<html>";
  EXPECT(show_verdict(slack::classify_webhook(result)).starts_with("later"));
}
END_TEST

START_TEST(internal_answers_are_not_quoted) {
  HttpResult result;
  result.outcome = HttpOutcome::kAnswered;
  result.internal = true;
  result.status = 401;
  result.body = "root:x:0:0";
  EXPECT_EQ(show_verdict(classify_http(result)), "dead: HTTP 401");
  EXPECT_EQ(show_verdict(slack::classify_webhook(result)), "dead: HTTP 401");
  result.status = 200;
  EXPECT_EQ(show_verdict(slack::classify_webhook(result)),
            "later: HTTP 200 without Slack's answer");
  result.body = R"({"ok":false,"error":"root"})";
  EXPECT_EQ(show_verdict(slack::classify_webhook(result)), "dead: Slack says: not ok");
}
END_TEST

START_TEST(reasons_are_bounded_text) {
  HttpResult result;
  result.outcome = HttpOutcome::kAnswered;
  result.status = 400;
  result.body = std::string(4096, '\xff');
  const auto verdict = classify_http(result);
  const auto& why = std::get<Dead>(verdict).why;
  EXPECT(is_utf8(why));
  EXPECT(why.size() < 1000);
}
END_TEST

START_TEST(retry_after_is_seconds_or_a_date) {
  const struct {
    const char* value;
    const char* date;
    std::optional<long> ms;
  } rows[] = {
      {"3", "", 3000},
      {"0", "", 1000},  // the least
      {"003", "", 3000},
      {"86400", "", 86'400'000},
      {"86401", "", 86'400'000},  // the most
      {"99999999999999999999999999", "", 86'400'000},
      {"", "", std::nullopt},
      {"-3", "", std::nullopt},
      {"3.5", "", std::nullopt},
      {"+3", "", std::nullopt},
      {"three", "", std::nullopt},
      {"\xff\xfe", "", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:57 GMT", "", 20'000},
      {"Sunday, 06-Nov-94 08:49:57 GMT", "", 20'000},
      {"Sun Nov  6 08:49:57 1994", "", 20'000},
      {"Sun, 06 Nov 1994 08:49:00 GMT", "", 1000},  // past
      {"Sun, 06 Nov 2094 08:49:00 GMT", "", 86'400'000},
      // By the receiver's own clock, an hour ahead of ours.
      {"Sun, 06 Nov 1994 09:49:57 GMT", "Sun, 06 Nov 1994 09:49:50 GMT", 7000},
      {"Sun, 06 Nov 1994 08:49:57 GMT", "garbage", 20'000},
  };
  for (const auto& row : rows) {
    const auto after = parse_retry_after(row.value, row.date, kNow);
    EXPECT_EQ_ROW(row.value, after.has_value(), row.ms.has_value());
    if (after) {
      EXPECT_EQ_ROW(row.value, after->count(), *row.ms);
    }
  }
}
END_TEST

START_TEST(urls_are_shown_without_secrets) {
  const struct {
    const char* url;
    const char* shown;
  } rows[] = {
      {"https://hooks.slack.com/services/T/B/X", "https://hooks.slack.com/…"},
      {"http://user:pass@host:8080/x?y#z", "http://host:8080/…"},
      {"http://host?secret", "http://host/…"},
      {"http://a@b@host/x", "http://host/…"},
      {"secret", "…"},
      {"", "…"},
      {"https://", "https:///…"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.url, display_url(row.url), row.shown);
  }
}
END_TEST

}  // namespace

CHECK_MAIN("slack", body_is_json_for_any_bytes, request_tells_a_repeat,
           entry_without_message_cannot_be_built, answers_are_judged, silence_is_judged,
           a_webhook_says_ok, a_cut_ok_is_one, internal_answers_are_not_quoted,
           reasons_are_bounded_text, retry_after_is_seconds_or_a_date,
           urls_are_shown_without_secrets)
