#pragma once

// Slack's incoming webhooks: POST {"text": <message>}, where `message` is a field of the entry.
// An incoming webhook answers 200 "ok", 429 with Retry-After, or an error as short text.

#include <string>

#include "worker/delivery/target.hpp"

namespace notify::worker {

class SlackTarget final : public Target {
 public:
  explicit SlackTarget(std::string webhook_url) : webhook_url_(std::move(webhook_url)) {}

  [[nodiscard]] Result<HttpRequest> build(const Delivery& delivery) const override;
  [[nodiscard]] Verdict classify(const HttpResult& result) const override;

 private:
  std::string webhook_url_;  // the URL is the credential
};

}  // namespace notify::worker
