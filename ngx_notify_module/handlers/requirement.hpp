#pragma once

// notify_require: what has to be there before anything is published.

#include <cstddef>
#include <string_view>

#include "ngx_notify_module/conf/operation.hpp"

namespace notify {

// Goes on with `next` at once where the location requires nothing, else when Redis has told that it
// is there. `failure` stands before the reason where Redis could not tell.
ngx_int_t look_up_required(ngx_http_request_t* r, const LocConf& conf, std::size_t index,
                           std::string_view failure, OperationHandler next);

}  // namespace notify
