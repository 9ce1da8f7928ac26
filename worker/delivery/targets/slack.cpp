#include "worker/delivery/targets/slack.hpp"

#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"
#include "shared/redis/schema_notices.hpp"
#include "worker/delivery/http_verdict.hpp"
#include "worker/delivery/targets/slack_message.hpp"
#include "worker/delivery/targets/slack_verdict.hpp"

namespace notify::worker {
namespace {

constexpr std::string_view kPost = "chat.postMessage";
constexpr std::string_view kUpdate = "chat.update";

std::string_view server_of(std::string_view url) {
  const auto scheme = url.find("://");
  return scheme == url.npos ? std::string_view{}
                            : url.substr(0, url.find_first_of("/?#\\", scheme + 3));
}

std::string text_of(const Entry& entry, std::string_view name) {
  return std::string(slack::field_of(entry, name));
}

}  // namespace

bool same_server(std::string_view url, std::string_view other) {
  const auto server = server_of(url);
  return !server.empty() && server.find('@') == server.npos && iequals(server, server_of(other));
}

// `members` stand before the body's, where a bot posts.
HttpRequest SlackTarget::request(const Delivery& delivery, std::string_view method,
                                 const Fields& members, std::string_view body) const {
  HttpRequest request;
  request.trusted = true;
  // A stream's name may be any bytes, a header's value may not.
  const auto id = percent_encode(delivery.stream) + "/" + format_entry_id(delivery.entry.id);
  request.headers = {{"Content-Type", "application/json"},
                     {"Idempotency-Key", id},
                     {"X-Notify-Delivery", id},
                     {"X-Notify-Attempt", std::to_string(delivery.attempts + 1)}};
  request.body = "{";
  if (account_.has_token()) {
    request.url = account_.api_url + "/" + std::string(method);
    request.headers[0].second = "application/json; charset=utf-8";
    request.headers.emplace_back("Authorization", "Bearer " + account_.token);
    for (const auto& [name, value] : members) {
      request.body += json::quoted(name) + ":" + json::quoted(value) + ",";
    }
  } else {
    request.url = account_.webhook;
  }
  request.body += body;
  request.body += '}';
  return request;
}

Result<HttpRequest> SlackTarget::build(const Delivery& delivery) const {
  if (delivery.group == redis::kNoticesGroup) {
    return build_notice(delivery);
  }
  const Fields where{{"channel", account_.channel}};
  if (delivery.entry.find("template") != nullptr) {
    const auto notification =
        slack::read_notification(delivery.entry, redis::notification_id(delivery.entry.id));
    if (!notification) {
      return notification.error();
    }
    return request(delivery, kPost, where, slack::notification_body(*notification));
  }
  const auto* message = delivery.entry.find("message");
  if (message == nullptr) {
    return invalid("the entry has no field `message`");
  }
  return request(delivery, kPost, where, slack::message_body(*message));
}

Result<HttpRequest> SlackTarget::build_notice(const Delivery& delivery) const {
  const auto& entry = delivery.entry;
  const auto notification = slack::read_notification(entry, text_of(entry, "notification"));
  if (!notification) {
    return notification.error();
  }
  if (slack::field_of(entry, "kind") == "resolved") {
    return build_update(delivery,
                        slack::resolved_body(*notification, slack::field_of(entry, "user")));
  }
  Fields where{{"channel", text_of(entry, "channel")}};
  if (auto thread = text_of(entry, "thread_ts"); !thread.empty()) {
    where.emplace_back("thread_ts", std::move(thread));
  }
  return request(delivery, kPost, where,
                 slack::reminder_body(*notification, slack::field_of(entry, "number")));
}

// The click tells which message it was; what Slack said when it was posted may have been lost.
Result<HttpRequest> SlackTarget::build_update(const Delivery& delivery,
                                              std::string_view body) const {
  const auto& entry = delivery.entry;
  if (!account_.has_token()) {
    auto url = text_of(entry, "response_url");
    if (!same_server(url, account_.webhook)) {
      return invalid(
          "without a bot token the message cannot be changed: the click brought no "
          "address on the webhook's server");
    }
    auto update = request(delivery, {}, {}, R"("replace_original":true,)" + std::string(body));
    update.url = std::move(url);
    return update;
  }
  const bool clicked = !slack::field_of(entry, "click_ts").empty() &&
                       !slack::field_of(entry, "click_channel").empty();
  const Fields where{{"channel", text_of(entry, clicked ? "click_channel" : "channel")},
                     {"ts", text_of(entry, clicked ? "click_ts" : "thread_ts")}};
  if (where[1].second.empty()) {
    return invalid("nobody knows which of Slack's messages it was");
  }
  return request(delivery, kUpdate, where, body);
}

std::optional<Tracking> SlackTarget::tracking(const Delivery& delivery) const {
  const auto& entry = delivery.entry;
  const auto environment = reminders_.environments.find(delivery.stream);
  if (environment == reminders_.environments.end() ||
      slack::field_of(entry, "template") != "action") {
    return std::nullopt;
  }
  Tracking tracking;
  tracking.name = redis::notification_id(entry.id);
  tracking.record = std::string(redis::kNotificationMeta) + tracking.name;
  tracking.waiting = redis::pending_notifications(environment->second);
  tracking.remind_after = reminders_.after;
  tracking.fields = {{"thread_ts", ""},
                     {"recipient", text_of(entry, "recipient")},
                     {"template", text_of(entry, "template")},
                     {"status", text_of(entry, "status")},
                     {"reminder_sent_count", "0"},
                     {"last_reminder_sent_time", ""},
                     {"environment", environment->second},
                     {"channel", account_.channel},
                     {"main_text", text_of(entry, "main_text")},
                     {"sub_text", text_of(entry, "sub_text")},
                     {"stream", delivery.stream},
                     {"group", delivery.group},
                     {"entry", format_entry_id(entry.id)},
                     {"request", delivery.request},
                     {"waiting", tracking.waiting},
                     {"notices", redis::notices_stream(delivery.stream)}};
  return tracking;
}

Verdict SlackTarget::classify(const HttpResult& result) const {
  return account_.has_token() ? slack::classify_api(result) : slack::classify_webhook(result);
}

}  // namespace notify::worker
