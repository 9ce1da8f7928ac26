#pragma once

// Slack, by an app's bot token (chat.postMessage, chat.update) or by an incoming webhook. An entry
// of an environment's stream is a message (field `message`) or a notification (field `template`,
// see slack_message.hpp); one of its stream of notices is a reminder of a notification or tells
// that one was resolved (shared/redis/schema_notices.hpp).
//
// A webhook answers 200 "ok", 429 with Retry-After, or an error as short text. It does not tell
// which message was made, so reminders stand beside it, and only the address that came with the
// click (`response_url`) can change it: that one is used if it is on the webhook's own server.

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "worker/delivery/target.hpp"

namespace notify::worker {

struct SlackAccount {
  std::string webhook;  // the URL is the credential
  std::string token;    // wins over the webhook
  std::string channel;  // with a token: where messages go
  std::string api_url = "https://slack.com/api";

  [[nodiscard]] bool has_token() const { return !token.empty(); }
  // What makes two accounts the same for Slack's limits.
  [[nodiscard]] std::string identity() const {
    return has_token() ? api_url + " " + token + " " + channel : webhook;
  }
};

// Of notifications with a button.
struct SlackReminders {
  std::map<std::string, std::string, std::less<>> environments;  // by their streams
  std::chrono::milliseconds after{0};
};

class SlackTarget final : public Target {
 public:
  explicit SlackTarget(SlackAccount account, SlackReminders reminders = {})
      : account_(std::move(account)), reminders_(std::move(reminders)) {}

  [[nodiscard]] Result<HttpRequest> build(const Delivery& delivery) const override;
  [[nodiscard]] std::optional<Tracking> tracking(const Delivery& delivery) const override;
  [[nodiscard]] Verdict classify(const HttpResult& result) const override;

 private:
  [[nodiscard]] HttpRequest request(const Delivery& delivery, std::string_view method,
                                    const Fields& members, std::string_view body) const;
  [[nodiscard]] Result<HttpRequest> build_notice(const Delivery& delivery) const;
  [[nodiscard]] Result<HttpRequest> build_update(const Delivery& delivery,
                                                 std::string_view body) const;

  SlackAccount account_;
  SlackReminders reminders_;
};

// Scheme, host and port are the same: "https://hooks.slack.com".
bool same_server(std::string_view url, std::string_view other);

}  // namespace notify::worker
