#include "worker/delivery/http_verdict.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <string>

#include "shared/base/text.hpp"

namespace notify::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMostShownAnswer = 200;

// A pure function of libcurl; knows all three forms that RFC 9110 asks for.
std::optional<std::int64_t> parse_http_date(std::string_view text) {
  if (text.empty() || text.size() > 64) {
    return std::nullopt;
  }
  const auto seconds = curl_getdate(std::string(text).c_str(), nullptr);
  if (seconds < 0) {
    return std::nullopt;
  }
  return std::int64_t{seconds} * 1000;
}

std::string reason(const HttpResult& result) {
  switch (result.outcome) {
    case HttpOutcome::kAnswered:
      break;
    case HttpOutcome::kTimeout:
      return "timeout: " + result.error;
    case HttpOutcome::kFailed:
    case HttpOutcome::kRefused:
      return result.error;
  }
  std::string text = "HTTP " + std::to_string(result.status);
  const auto body = beginning_of_answer(result);
  return body.empty() ? text : text + ": " + body;
}

}  // namespace

std::string beginning_of_answer(const HttpResult& result) {
  return result.internal ? std::string()
                         : to_valid_utf8(trim(result.body).substr(0, kMostShownAnswer));
}

std::optional<milliseconds> parse_retry_after(std::string_view value, std::string_view date,
                                              std::int64_t now_unix_ms) {
  milliseconds after{0};
  const bool number = !value.empty() && value.find_first_not_of("0123456789") == value.npos;
  if (number) {
    const auto seconds = parse_u64(value);
    const auto most = static_cast<std::uint64_t>(kMostRetryAfter.count()) / 1000;
    after = milliseconds{std::min(seconds.value_or(most), most) * 1000};
  } else {
    const auto then = parse_http_date(value);
    if (!then) {
      return std::nullopt;
    }
    after = milliseconds{*then - parse_http_date(date).value_or(now_unix_ms)};
  }
  return std::clamp(after, kLeastRetryAfter, kMostRetryAfter);
}

Verdict classify_http(const HttpResult& result) {
  switch (result.outcome) {
    case HttpOutcome::kAnswered:
      break;
    case HttpOutcome::kTimeout:
    case HttpOutcome::kFailed:
      return Later{.after = std::nullopt, .why = reason(result)};
    case HttpOutcome::kRefused:
      return Dead{reason(result)};
  }
  const auto status = result.status;
  if (status >= 200 && status < 300) {
    return Done{};
  }
  if (status == 429 || status == 503) {
    const auto after = parse_retry_after(result.retry_after, result.date, result.received_unix_ms);
    if (after || status == 429) {
      return Later{
          .after = after, .costs_attempt = false, .holds_destination = true, .why = reason(result)};
    }
  }
  if (status == 408 || status >= 500) {
    return Later{.after = std::nullopt, .why = reason(result)};
  }
  return Dead{reason(result)};
}

std::string display_url(std::string_view url) {
  const auto scheme_end = url.find("://");
  if (scheme_end == url.npos) {
    return "…";
  }
  const auto host_start = scheme_end + 3;
  auto host = url.substr(host_start, url.find_first_of("/?#\\", host_start) - host_start);
  if (const auto at = host.rfind('@'); at != host.npos) {
    host.remove_prefix(at + 1);
  }
  return std::string(url.substr(0, host_start)) + std::string(host) + "/…";
}

}  // namespace notify::worker
