#include "worker/delivery/targets/slack_verdict.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "shared/base/json.hpp"
#include "shared/base/text.hpp"

namespace notify::worker::slack {
namespace {

constexpr std::array<std::string_view, 6> kPassing{"internal_error",      "fatal_error",
                                                   "service_unavailable", "request_timeout",
                                                   "team_added_to_org",   "accesslimited"};
constexpr std::size_t kMostError = 200;

std::string text_of(const std::vector<json::Member>& members, std::string_view name) {
  const auto* value = json::find(members, name);
  return value == nullptr ? std::string() : json::unquote(*value);
}

// The server cannot be Slack's: it may be again after a while.
Verdict not_slacks(const HttpResult& result) {
  const auto body = beginning_of_answer(result);
  return Later{.after = std::nullopt,
               .why = "HTTP " + std::to_string(result.status) + " without Slack's answer" +
                      (body.empty() ? "" : ": " + body)};
}

}  // namespace

// Slack's answer repeats the message, and may be longer than what is kept of an answer; what it
// says first is enough. Empty where that does not say that it is ok.
std::string beginning_of(std::string_view body) {
  constexpr std::string_view kOk = R"({"ok":true)";
  if (!body.starts_with(kOk)) {
    return {};
  }
  const auto head = std::string(body.substr(0, body.find(R"(,"message":)"))) + "}";
  return json::valid(head) ? head : std::string(kOk) + "}";
}

Verdict classify_webhook(const HttpResult& result) {
  const auto body = trim(result.body);
  if (body.starts_with('{')) {
    return classify_api(result);
  }
  auto verdict = classify_http(result);
  // Where the connection broke within `ok` it was said: to send it again would double it.
  constexpr std::string_view kOk = "ok";
  const bool said = body == kOk || (result.cut && kOk.starts_with(body));
  return std::holds_alternative<Done>(verdict) && !said ? not_slacks(result) : verdict;
}

Verdict classify_api(const HttpResult& result) {
  auto verdict = classify_http(result);
  if (!std::holds_alternative<Done>(verdict)) {
    return verdict;
  }
  const bool whole = json::valid(result.body);
  const auto text = whole ? result.body : beginning_of(result.body);
  const auto body = json::parse_value(text);
  const auto members =
      body ? json::members(*body) : Result<std::vector<json::Member>>(body.error());
  const auto* ok = members ? json::find(*members, "ok") : nullptr;
  if (ok == nullptr) {
    return not_slacks(result);
  }
  if (ok->is_true()) {
    Done done;
    for (const auto& [name, fact] : {std::pair{"channel", "channel"}, {"ts", "thread_ts"}}) {
      if (auto value = text_of(*members, name); !value.empty()) {
        done.facts.emplace_back(fact, std::move(value));
      }
    }
    return done;
  }
  const auto error = result.internal
                         ? std::string()
                         : to_valid_utf8(text_of(*members, "error").substr(0, kMostError));
  auto why = "Slack says: " + (error.empty() ? "not ok" : error);
  if (error == "ratelimited" || error == "rate_limited") {
    return Later{
        .after = parse_retry_after(result.retry_after, result.date, result.received_unix_ms),
        .costs_attempt = false,
        .holds_destination = true,
        .why = std::move(why)};
  }
  if (std::find(kPassing.begin(), kPassing.end(), error) != kPassing.end()) {
    return Later{.after = std::nullopt, .why = std::move(why)};
  }
  return Dead{std::move(why)};
}

}  // namespace notify::worker::slack
