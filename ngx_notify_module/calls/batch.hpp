#pragma once

// Several commands for one request: sent together, answered once all have their replies, or with
// the first thing that goes wrong.

#include <functional>
#include <string>
#include <vector>

#include "ngx_notify_module/ngx/ngx.hpp"
#include "shared/base/result.hpp"
#include "shared/redis/client.hpp"

namespace notify {

// What becomes of the reply to the command of that number. The text is kept for `BatchDone`.
using BatchStep = std::function<Result<std::string>(std::size_t number, const redis::Reply& reply)>;
// All texts, in the order of the commands. Answers like a content handler.
using BatchDone = std::function<ngx_int_t(const std::vector<std::string>& texts)>;

// Parks the request: for a content handler to return.
ngx_int_t run_batch(ngx_http_request_t* r, std::vector<redis::Command> commands, BatchStep step,
                    BatchDone done);

}  // namespace notify
