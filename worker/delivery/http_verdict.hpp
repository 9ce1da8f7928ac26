#pragma once

// What an HTTP result means for a delivery, as webhooks in general have it:
//
//   2xx                          done
//   429; 503 with Retry-After    later, costs no attempt, holds the destination
//   no answer, 408, 5xx          later, by backoff
//   everything else              dead (redirects too: they are not followed)

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/model/delivery.hpp"
#include "worker/delivery/http.hpp"

namespace notify::worker {

// Bounds of what a receiver may ask for: less would be a hot loop, more a lost message.
inline constexpr std::chrono::milliseconds kLeastRetryAfter{std::chrono::seconds{1}};
inline constexpr std::chrono::milliseconds kMostRetryAfter{std::chrono::hours{24}};

// Seconds or an HTTP date (RFC 9110, 10.2.3), within the bounds. A date is measured against the
// answer's own Date if it has one, since clocks differ. nullopt: not there, or neither of both.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value,
                                                           std::string_view date,
                                                           std::int64_t now_unix_ms);

Verdict classify_http(const HttpResult& result);

// What a reason may quote of an answer; of an internal one nothing.
std::string beginning_of_answer(const HttpResult& result);

}  // namespace notify::worker
