#pragma once

// One command for one request that waits for its reply; and then perhaps for another one's.

#include <functional>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"
#include "shared/redis/client.hpp"

namespace notify {

// Answers like a content handler; it may ask again. Error replies come here, too: see refused().
using AskNext = std::function<ngx_int_t(const redis::Reply& reply)>;

// Parks the request: for a content handler to return. Without a reply the request fails.
ngx_int_t ask(ngx_http_request_t* r, redis::Command command, AskNext next);

// The answer to a client whose command Redis has refused; logged.
ngx_int_t refused(ngx_http_request_t* r, const redis::Reply& reply);

}  // namespace notify
