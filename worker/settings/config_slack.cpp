#include "worker/settings/config_slack.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <memory>

namespace notify::worker {
namespace {

std::string check_http_url(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), curl_url_cleanup);
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      (!url.starts_with("https://") && !url.starts_with("http://"))) {
    return "expected a URL that begins with https:// or http://";
  }
  return {};
}

}  // namespace

std::string take_slack_api_url(std::string& target, const std::string& url) {
  target = url.ends_with('/') ? url.substr(0, url.size() - 1) : url;
  return check_http_url(url);
}

std::string set_slack_webhook(SlackSettings& slack, const std::string& url) {
  slack.webhook = url;
  return check_http_url(url);
}

// It becomes a header.
std::string set_slack_token(SlackSettings& slack, const std::string& token) {
  slack.token = token;
  const bool plain =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c < 127; });
  return plain && token.size() <= 1024 ? "" : "expected a token of Slack, such as xoxb-…";
}

std::string set_slack_channel(SlackSettings& slack, const std::string& channel) {
  slack.channel = channel;
  const bool plain =
      std::none_of(channel.begin(), channel.end(), [](unsigned char c) { return c <= ' '; });
  return plain && channel.size() <= 255 ? ""
                                        : "expected a channel's id or name, such as C0123456789";
}

Result<void> check_slack(const Environment& environment) {
  if (!environment.slack.token.empty() && environment.slack.channel.empty()) {
    return invalid("slack-channel: environment \"" + environment.name +
                   "\" has a bot token, but no channel for its messages");
  }
  return {};
}

}  // namespace notify::worker
