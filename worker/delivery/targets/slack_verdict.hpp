#pragma once

// What an answer of Slack's Web API means for a delivery. Its HTTP status is read as everybody's
// is; but a 200 may say {"ok":false,"error":…}:
//
//   ok, also where the rest of the answer is cut  done
//   ratelimited, rate_limited                     later, costs no attempt, holds the destination
//   an error of Slack's own side (kPassing)       later, by backoff
//   200 with something else than its JSON         later: a proxy's page
//   any other error                               dead

#include "worker/delivery/http_verdict.hpp"

namespace notify::worker::slack {

// Facts of what is done: `channel` and `thread_ts`, as Slack names the message.
Verdict classify_api(const HttpResult& result);

}  // namespace notify::worker::slack
