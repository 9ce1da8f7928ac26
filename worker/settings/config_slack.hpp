#pragma once

// What the settings of Slack may be.

#include <string>

#include "worker/settings/config.hpp"

namespace notify::worker {

// Each answers an empty text, or what is wrong with the value (without quoting it).
std::string set_slack_webhook(SlackSettings& slack, const std::string& url);
std::string set_slack_token(SlackSettings& slack, const std::string& token);
std::string set_slack_channel(SlackSettings& slack, const std::string& channel);
std::string take_slack_api_url(std::string& target, const std::string& url);

// Whether they make sense together. kInvalid names the environment.
Result<void> check_slack(const Environment& environment);

}  // namespace notify::worker
