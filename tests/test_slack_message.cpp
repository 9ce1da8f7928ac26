// What is sent to Slack of a notification, a reminder and a resolution; what its answers mean.

#include <variant>

#include "shared/base/json.hpp"
#include "shared/base/utf8.hpp"
#include "worker/delivery/targets/slack.hpp"
#include "worker/delivery/targets/slack_text.hpp"
#include "worker/delivery/targets/slack_verdict.hpp"

#include "tests/check_main.hpp"  // last: check.h has a macro `fail`

using namespace notify;
using namespace notify::worker;

namespace {

constexpr const char* kWebhook = "https://hooks.slack.com/services/T/B/X";

SlackAccount bot() { return {.token = "xoxb-1", .channel = "C1"}; }

Delivery delivery_of(Fields fields, std::string group = "dev_stream_group") {
  Delivery delivery;
  delivery.stream = "dev_stream";
  delivery.group = std::move(group);
  delivery.entry = Entry{{1700, 0}, std::move(fields)};
  return delivery;
}

std::string body_of(const SlackTarget& target, Fields fields) {
  const auto request = target.build(delivery_of(std::move(fields)));
  return request ? request->body : request.error().message;
}

Fields notice(std::string kind, Fields more) {
  Fields fields{{"kind", std::move(kind)}, {"notification", "1700"}, {"template", "action"},
                {"main_text", "a<b"},      {"channel", "C9"},        {"thread_ts", "1.2"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

START_TEST(templates) {
  const SlackTarget target(bot());
  EXPECT_EQ(body_of(target, {{"template", "text"}, {"main_text", "a & b"}, {"status", "error"}}),
            R"({"channel":"C1","attachments":[{"color":"#E74C3C","fallback":"a &amp; b","blocks":[)"
            R"({"type":"section","text":{"type":"mrkdwn","text":"a &amp; b"}}]}]})");
  EXPECT_EQ(body_of(target, {{"template", "action"}, {"main_text", "m"}, {"sub_text", "s"}}),
            R"({"channel":"C1","attachments":[{"color":"#CCCCCC","fallback":"m","blocks":[)"
            R"({"type":"section","text":{"type":"mrkdwn","text":"m"}},)"
            R"({"type":"section","text":{"type":"mrkdwn","text":"s"}},)"
            R"({"type":"actions","elements":[{"type":"button","text":{"type":"plain_text",)"
            R"("text":"Resolve"},"style":"primary","action_id":"resolve","value":"1700"}]}]}]})");
  EXPECT_EQ(body_of(target, {{"message", "<!here>"}}), R"({"channel":"C1","text":"<!here>"})");
  EXPECT_EQ(body_of(target, {{"template", "x"}, {"main_text", "m"}}),
            "the entry's template is neither `text` nor `action`");
  EXPECT_EQ(body_of(target, {{"template", "text"}, {"main_text", " \n"}}),
            "the entry has neither `main_text` nor `sub_text`");
  EXPECT_EQ(body_of(target, {}), "the entry has no field `message`");
  const auto request = target.build(delivery_of({{"message", "x"}}));
  EXPECT_EQ(request->url, "https://slack.com/api/chat.postMessage");
  EXPECT(body_of(SlackTarget({.webhook = kWebhook}), {{"template", "text"}, {"main_text", "m"}})
             .starts_with(R"({"attachments":[)"));
}
END_TEST

START_TEST(notices) {
  const SlackTarget target(bot());
  const auto reminder = target.build(
      delivery_of(notice("reminder", {{"number", "2"}, {"recipient", "U1"}}), "notices"));
  EXPECT_EQ(reminder->url, "https://slack.com/api/chat.postMessage");
  EXPECT_EQ(reminder->body, R"({"channel":"C9","thread_ts":"1.2",)"
                            R"("text":"<@U1> Reminder 2, not resolved yet: a&lt;b"})");
  const auto update = target.build(delivery_of(
      notice("resolved", {{"user", "U2"}, {"click_channel", "C8"}, {"click_ts", "3.4"}}),
      "notices"));
  EXPECT_EQ(update->url, "https://slack.com/api/chat.update");
  EXPECT(
      update->body.starts_with(R"({"channel":"C8","ts":"3.4","attachments":[{"color":"#2ECC71")"));
  EXPECT(update->body.find("Resolved by <@U2>") != std::string::npos);
  EXPECT(update->body.find("button") == std::string::npos);
  EXPECT(target.build(delivery_of(notice("resolved", {}), "notices"))
             ->body.starts_with(R"({"channel":"C9","ts":"1.2",)"));

  const SlackTarget hook({.webhook = kWebhook});
  const auto url = [&hook](std::string response_url) {
    const auto request = hook.build(
        delivery_of(notice("resolved", {{"response_url", std::move(response_url)}}), "notices"));
    return request ? request->url : std::string("none");
  };
  EXPECT_EQ(url("https://hooks.slack.com/actions/1"), "https://hooks.slack.com/actions/1");
  for (const char* elsewhere : {"", "http://hooks.slack.com/x", "https://hooks.slack.com.evil/x",
                                "https://hooks.slack.com@evil/x", "https://hooks.slack.com:8/x",
                                "https://evil\\hooks.slack.com/x", "file:///etc/passwd"}) {
    EXPECT_EQ_ROW(elsewhere, url(elsewhere), "none");
  }
}
END_TEST

START_TEST(texts_are_cut_between_characters) {
  const struct {
    std::string text;
    std::size_t most;
    std::string shown;
  } rows[] = {
      {"", 5, ""},
      {"abcde", 5, "abcde"},
      {"abcdef", 5, "abcd\xe2\x80\xa6"},
      {"a&&", 6, "a\xe2\x80\xa6"},  // behind the first escape the mark does not fit
      {"<>", 8, "&lt;&gt;"},
      {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80"},
      {"\xf0\x9f\x98\x80\xf0\x9f\x98\x80", 3, "\xf0\x9f\x98\x80\xe2\x80\xa6"},
      {"\xff\xfe", 5, "\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& row : rows) {
    const auto shown = slack::escape(row.text, row.most);
    EXPECT_EQ_ROW(row.text.c_str(), shown, row.shown);
  }
  for (std::size_t size = 2990; size < 3010; ++size) {
    const auto shown = slack::escape(std::string(size, '&'), slack::kMostSection);
    EXPECT(utf8_length(shown) <= slack::kMostSection && is_utf8(shown));
  }
}
END_TEST

START_TEST(mentions) {
  const struct {
    const char* recipient;
    const char* shown;
  } rows[] = {
      {"U024BE7LH", "<@U024BE7LH>"},
      {"@W12345", "<@W12345>"},
      {"S0614TZR7", "<!subteam^S0614TZR7>"},
      {"#C024BE7LR", "<#C024BE7LR>"},
      {"C024BE7LR", "<#C024BE7LR>"},
      {"alice", "alice"},
      {"<!channel>", "&lt;!channel&gt;"},
      {"U1> <!here", "U1&gt; &lt;!here"},
      {" U1 ", "<@U1>"},
      {"U", "U"},
      {"", ""},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.recipient, slack::mention(row.recipient), row.shown);
  }
}
END_TEST

std::string verdict_of(long status, std::string body, std::string retry_after = "") {
  HttpResult result;
  result.outcome = HttpOutcome::kAnswered;
  result.status = status;
  result.body = std::move(body);
  result.retry_after = std::move(retry_after);
  const auto verdict = slack::classify_api(result);
  if (const auto* later = std::get_if<Later>(&verdict)) {
    return std::string(later->costs_attempt ? "later" : "held") +
           (later->after ? " " + std::to_string(later->after->count()) : "");
  }
  if (const auto* dead = std::get_if<Dead>(&verdict)) {
    return "dead: " + dead->why;
  }
  std::string text = "done";
  for (const auto& [name, value] : std::get<Done>(verdict).facts) {
    text += " " + name + "=" + value;
  }
  return text;
}

START_TEST(answers) {
  const struct {
    long status;
    const char* body;
    const char* retry_after;
    const char* verdict;
  } rows[] = {
      {200, R"({"ok":true,"channel":"C1","ts":"1.2"})", "", "done channel=C1 thread_ts=1.2"},
      {200, R"({"ok":true})", "", "done"},
      {200, R"({"ok":false,"error":"ratelimited"})", "7", "held 7000"},
      {200, R"({"ok":false,"error":"rate_limited"})", "", "held"},
      {200, R"({"ok":false,"error":"internal_error"})", "", "later"},
      {200, R"({"ok":false,"error":"fatal_error"})", "", "later"},
      {200, R"({"ok":false,"error":"channel_not_found"})", "",
       "dead: Slack says: channel_not_found"},
      {200, R"({"ok":false})", "", "dead: Slack says: not ok"},
      {200, R"({"ok":"true"})", "", "dead: Slack says: not ok"},
      {200, R"({"ok":false,"error":7})", "", "dead: Slack says: not ok"},
      {200, "ok", "", "later"},
      {200, "", "", "later"},
      {200, "[true]", "", "later"},
      {200, R"({"ok":true,)", "", "done"},
      {200, R"({"ok":true,"channel":"C1","ts":"1.2","message":{"text":"x)", "",
       "done channel=C1 thread_ts=1.2"},
      {200, R"({"ok":true,"channel":"C1","ts":"1.)", "", "done"},
      {200, R"({"ok":fal)", "", "later"},
      {429, "", "3", "held 3000"},
      {503, "", "", "later"},
      {500, R"({"ok":true})", "", "later"},
      {404, "", "", "dead: HTTP 404"},
      {302, "", "", "dead: HTTP 302"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ_ROW(row.body, verdict_of(row.status, row.body, row.retry_after), row.verdict);
  }
}
END_TEST

START_TEST(only_buttons_are_tracked) {
  SlackReminders reminders;
  reminders.environments.emplace("dev_stream", "dev");
  reminders.after = std::chrono::seconds{600};
  const SlackTarget target(bot(), reminders);
  EXPECT(!target.tracking(delivery_of({{"template", "text"}, {"main_text", "m"}})));
  EXPECT(!target.tracking(delivery_of({{"message", "m"}})));
  const auto tracking = target.tracking(delivery_of({{"template", "action"}, {"main_text", "m"}}));
  EXPECT(tracking.has_value());
  EXPECT_EQ(tracking->name, "1700");
  EXPECT_EQ(tracking->record, "notification_meta:1700");
  EXPECT_EQ(tracking->waiting, "pending_notifications:dev");
}
END_TEST

}  // namespace

CHECK_MAIN("slack message", templates, notices, texts_are_cut_between_characters, mentions, answers,
           only_buttons_are_tracked)
