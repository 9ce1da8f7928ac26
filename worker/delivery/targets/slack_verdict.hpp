#pragma once

// What an answer of Slack's means for a delivery. Its HTTP status is read as everybody's is; but a
// 200 of its Web API may say {"ok":false,"error":…}:
//
//   ok, also where the rest of the answer is cut  done
//   ratelimited, rate_limited                     later, costs no attempt, holds the destination
//   an error of Slack's own side (kPassing)       later, by backoff
//   2xx with something else than its JSON         later: a proxy's page
//   any other error                               dead
//
// A webhook says `ok`, as text, for what it has taken, and nothing else means that: a page of
// somebody in between (a proxy, a sign-in) comes with 200 as well. The address that comes with a
// click answers with the JSON above.

#include "worker/delivery/http_verdict.hpp"

namespace notify::worker::slack {

// Facts of what is done: `channel` and `thread_ts`, as Slack names the message.
Verdict classify_api(const HttpResult& result);

Verdict classify_webhook(const HttpResult& result);

}  // namespace notify::worker::slack
